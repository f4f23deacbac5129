<?php
/**
 * Tests the whole chain with a harmless picture.
 *
 * @package Upload_Guard
 */

/**
 * Every sidecar refuses the canary, a drawn bird, without any list and without keeping anything.
 */
final class Upload_Guard_Canary {

	/**
	 * The parts.
	 *
	 * @var Upload_Guard_Plugin
	 */
	private $plugin;

	/**
	 * One for each request of PHP.
	 *
	 * @param Upload_Guard_Plugin $plugin See the field.
	 */
	public function __construct( Upload_Guard_Plugin $plugin ) {
		$this->plugin = $plugin;
	}

	/**
	 * What is right and what is wrong, in sentences; the worst says how things are.
	 *
	 * @return array{state: string, lines: array<int, string>} The state is good, warning or broken.
	 */
	public function report() {
		if ( ! $this->plugin->options->access()->is_complete() ) {
			return self::said( 'broken', __( 'No sidecar is set up: no upload is checked.', 'upload-guard' ) );
		}
		$config = $this->plugin->refresh();
		if ( 200 !== $config->status || ! isset( $config->fields['ready'], $config->fields['lists_active'] ) ) {
			return self::said( 'broken', self::words_for( Upload_Guard_Client::fault_of( $config ) ) );
		}
		$canary = Upload_Guard_File::read( __DIR__ . '/canary.png' );
		if ( ! $canary ) {
			return self::said( 'broken', __( 'The test picture of the plugin is missing: install the plugin again.', 'upload-guard' ) );
		}
		$verdict = $this->plugin->client->check( $canary, array( 'route' => 'wordpress/test' ) );
		if ( $verdict->is_unknown() ) {
			return self::said( 'broken', self::words_for( $verdict->fault ) );
		}
		if ( ! $verdict->is_refused() ) {
			return self::said( 'broken', __( 'The sidecar took the test picture, which it must refuse. See whether [canary] is switched off there.', 'upload-guard' ) );
		}
		if ( ! $config->fields['ready'] || ! $config->fields['lists_active'] ) {
			return self::said( 'warning', __( 'The sidecar answers, and has no active list: uploads pass unchecked.', 'upload-guard' ) );
		}
		return self::said( 'good', __( 'The sidecar answers, has active lists, and refuses the test picture.', 'upload-guard' ) );
	}

	/**
	 * What a fault means, and what to do.
	 *
	 * @param string $fault A code.
	 * @return string
	 */
	public static function words_for( $fault ) {
		$words = array(
			'not_configured'       => __( 'No sidecar is set up: no upload is checked.', 'upload-guard' ),
			'unreachable'          => __( 'The sidecar cannot be reached. See whether it runs, and whether its address is right.', 'upload-guard' ),
			'timeout'              => __( 'The sidecar does not answer in time.', 'upload-guard' ),
			'slow_file'            => __( 'The sidecar answers, and did not finish this file in time.', 'upload-guard' ),
			'unchecked'            => __( 'The sidecar has no active list: uploads pass unchecked.', 'upload-guard' ),
			'unreadable'           => __( 'The file is not on this server, or cannot be read. Perhaps a disk is not mounted.', 'upload-guard' ),
			'not_moved'            => __( 'The file is on a list and could not be moved into the quarantine: see the rights of its folder.', 'upload-guard' ),
			'blocked_by_wordpress' => __( 'WordPress forbids the request (WP_HTTP_BLOCK_EXTERNAL). Name the sidecar in WP_ACCESSIBLE_HOSTS.', 'upload-guard' ),
			'bad_answer'           => __( 'Something answers at that address, and it is no sidecar.', 'upload-guard' ),
			'unauthorized'         => __( 'The sidecar does not know this key, or the secret is another one.', 'upload-guard' ),
			'clock_skew'           => __( 'The clocks of this server and of the sidecar differ by more than five minutes.', 'upload-guard' ),
			'scope_missing'        => __( 'The key may not check files. Make one with "upload-guard key new".', 'upload-guard' ),
			'rate_limited'         => __( 'The sidecar takes no more requests of this key for a while.', 'upload-guard' ),
			'too_large'            => __( 'The file is larger than the sidecar takes.', 'upload-guard' ),
			'body_too_large'       => __( 'The file is larger than the sidecar takes.', 'upload-guard' ),
			'not_ready'            => __( 'The sidecar has not loaded its lists yet.', 'upload-guard' ),
			'circuit_open'         => __( 'The sidecar did not answer just now; it is left alone for some seconds.', 'upload-guard' ),
		);
		/* translators: %s: a short technical code. */
		return isset( $words[ $fault ] ) ? $words[ $fault ] : sprintf( __( 'The sidecar gives no verdict (%s).', 'upload-guard' ), $fault );
	}

	/**
	 * A report of one sentence.
	 *
	 * @param string $state    good, warning or broken.
	 * @param string $sentence The sentence.
	 * @return array{state: string, lines: array<int, string>}
	 */
	private static function said( $state, $sentence ) {
		return array(
			'state' => $state,
			'lines' => array( $sentence ),
		);
	}
}
