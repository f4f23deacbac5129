<?php
/**
 * What an administrator has chosen.
 *
 * @package Upload_Guard
 */

/**
 * Constants of wp-config.php come first, then the settings page (the network's own, on a multisite).
 */
final class Upload_Guard_Options {

	const NAME   = 'upload_guard_settings';
	const OPEN   = 'open';
	const CLOSED = 'closed';

	/**
	 * Fields with what they are where nothing was chosen.
	 */
	const DEFAULTS = array(
		'url'           => '',
		'key_id'        => '',
		'secret'        => '',
		'authority'     => '',
		'on_failure'    => self::OPEN,
		'send_uploader' => '',
		'timeout'       => '10',
	);

	/**
	 * All fields.
	 *
	 * @var array<string, string>
	 */
	private $values;

	/**
	 * Fields that a constant sets.
	 *
	 * @var array<string, string>
	 */
	private $constants = array();

	/**
	 * Read them.
	 */
	public function __construct() {
		foreach ( array_keys( self::DEFAULTS ) as $field ) {
			$constant = 'UPLOAD_GUARD_' . strtoupper( $field );
			if ( defined( $constant ) ) {
				$this->constants[ $field ] = (string) constant( $constant );
			}
		}
		$chosen       = get_site_option( self::NAME );
		$this->values = $this->constants + array_intersect_key( is_array( $chosen ) ? $chosen : array(), self::DEFAULTS ) + self::DEFAULTS;
	}

	/**
	 * It holds a secret, which caches of all autoloaded options must not. WordPress would autoload what its form creates.
	 */
	public static function keep_out_of_autoload() {
		global $wpdb;
		if ( false === get_option( self::NAME ) ) {
			add_option( self::NAME, self::DEFAULTS, '', false );
		} elseif ( array_key_exists( self::NAME, wp_load_alloptions() ) ) {
			// phpcs:ignore WordPress.DB.DirectDatabaseQuery -- wp_set_option_autoload() is new in 6.4.
			$wpdb->update( $wpdb->options, array( 'autoload' => 'no' ), array( 'option_name' => self::NAME ) );
			wp_cache_delete( 'alloptions', 'options' );
		}
	}

	/**
	 * One field.
	 *
	 * @param string $field Its name.
	 * @return string
	 */
	public function get( $field ) {
		return (string) $this->values[ $field ];
	}

	/**
	 * Whether wp-config.php, or the host, has fixed a field.
	 *
	 * @param string $field Its name.
	 * @return bool
	 */
	public function is_fixed( $field ) {
		return array_key_exists( $field, $this->constants );
	}

	/**
	 * Whether an upload is refused when nobody could check it.
	 *
	 * @return bool
	 */
	public function fails_closed() {
		// Whoever wrote "Closed", or true, did not mean "open".
		return ! in_array( strtolower( trim( $this->get( 'on_failure' ) ) ), array( '', self::OPEN ), true );
	}

	/**
	 * Where the sidecar is, and with which key it is asked.
	 *
	 * @return Upload_Guard_Access
	 */
	public function access() {
		$timeout = max( 1, (int) $this->get( 'timeout' ) );
		// Nobody waits for cron or for a command: there a large file over a slow line has time.
		if ( wp_doing_cron() || ( defined( 'WP_CLI' ) && WP_CLI ) ) {
			$timeout *= 6;
		}
		return new Upload_Guard_Access( $this->get( 'url' ), $this->get( 'key_id' ), $this->get( 'secret' ), $this->get( 'authority' ), min( 2, $timeout ), $timeout );
	}
}
