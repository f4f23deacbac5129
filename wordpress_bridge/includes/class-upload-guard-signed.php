<?php
/**
 * Requests of the sidecar to this site.
 *
 * @package Upload_Guard
 */

/**
 * They are signed with the site's own machine key, as the plugin's own are, and each is taken once.
 */
final class Upload_Guard_Signed {

	const NONCE = 'upload_guard_nonce_';

	/**
	 * With which key requests are signed.
	 *
	 * @var Upload_Guard_Access
	 */
	private $access;

	/**
	 * For one key.
	 *
	 * @param Upload_Guard_Access $access See the field.
	 */
	public function __construct( Upload_Guard_Access $access ) {
		$this->access = $access;
	}

	/**
	 * Whether the sidecar asks: signed with our key, now, and for the first time.
	 *
	 * @param WP_REST_Request $request The request.
	 * @return bool
	 */
	public function is_signed( WP_REST_Request $request ) {
		// phpcs:ignore WordPress.Security.ValidatedSanitizedInput.InputNotSanitized -- It is compared by a signature, byte for byte.
		$target = isset( $_SERVER['REQUEST_URI'] ) ? (string) wp_unslash( $_SERVER['REQUEST_URI'] ) : '';
		$header = (string) $request->get_header( 'upload_guard_signature' );
		$nonce  = $this->access->nonce_of( $header, 'POST', $target, hash( 'sha256', $request->get_body() ) );
		// Of all sites of a network one keeps them: the same request may not be taken by each.
		return '' !== $nonce && Upload_Guard_Network::at_home(
			static function () use ( $nonce ) {
				return self::is_new( $nonce );
			}
		);
	}

	/**
	 * Whether a nonce comes for the first time. Those that are too old to be taken again are forgotten.
	 *
	 * @param string $nonce Letters, digits, - and _.
	 * @return bool
	 */
	private static function is_new( $nonce ) {
		global $wpdb;
		$at = time();
		// phpcs:disable WordPress.DB.DirectDatabaseQuery -- add_option() asks first, and two could get the same answer.
		$wpdb->query( $wpdb->prepare( "DELETE FROM {$wpdb->options} WHERE option_name LIKE %s AND option_value < %s", $wpdb->esc_like( self::NONCE ) . '%', (string) ( $at - 2 * Upload_Guard_Access::WINDOW ) ) );
		return 1 === $wpdb->query( $wpdb->prepare( "INSERT IGNORE INTO {$wpdb->options} (option_name, option_value, autoload) VALUES (%s, %s, 'no')", self::NONCE . $nonce, (string) $at ) );
		// phpcs:enable
	}
}
