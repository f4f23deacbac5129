<?php
/**
 * Rows of wp_options under one prefix.
 *
 * @package Upload_Guard
 */

// Options have no search by prefix, and update_option() overwrites what another process has written meanwhile.
// phpcs:disable WordPress.DB.DirectDatabaseQuery

/**
 * One option an item, never autoloaded: nothing is lost where two processes write at once, and no table has to be made.
 */
final class Upload_Guard_Rows {

	/**
	 * What the names of all rows begin with.
	 *
	 * @var string
	 */
	private $prefix;

	/**
	 * For one kind of rows.
	 *
	 * @param string $prefix See the field.
	 */
	public function __construct( $prefix ) {
		$this->prefix = $prefix;
	}

	/**
	 * How many there are. The lock of whoever is at them may begin like them.
	 *
	 * @return int
	 */
	public function count() {
		global $wpdb;
		return (int) $wpdb->get_var( $wpdb->prepare( "SELECT COUNT(*) FROM {$wpdb->options} WHERE option_name LIKE %s AND option_name NOT LIKE %s", $this->like(), '%.lock' ) );
	}

	/**
	 * The oldest rows, as they are now.
	 *
	 * @param int $limit At most so many.
	 * @return array<string, array<string, mixed>> By option name.
	 */
	public function all( $limit = PHP_INT_MAX ) {
		global $wpdb;
		return self::decoded( $wpdb->get_results( $wpdb->prepare( "SELECT option_name, option_value FROM {$wpdb->options} WHERE option_name LIKE %s ORDER BY option_id LIMIT %d", $this->like(), $limit ) ) );
	}

	/**
	 * The row that was made last.
	 *
	 * @return array<string, mixed>|null
	 */
	public function newest() {
		global $wpdb;
		$rows = self::decoded( $wpdb->get_results( $wpdb->prepare( "SELECT option_name, option_value FROM {$wpdb->options} WHERE option_name LIKE %s AND option_name NOT LIKE %s ORDER BY option_id DESC LIMIT 1", $this->like(), '%.lock' ) ) );
		return $rows ? end( $rows ) : null;
	}

	/**
	 * One row, as it is now.
	 *
	 * @param string $name Its option name.
	 * @return array<string, mixed>|null
	 */
	public function find( $name ) {
		global $wpdb;
		$rows = self::decoded( $wpdb->get_results( $wpdb->prepare( "SELECT option_name, option_value FROM {$wpdb->options} WHERE option_name = %s", $name ) ) );
		return $rows ? end( $rows ) : null;
	}

	/**
	 * Write a row, whether it is there or not.
	 *
	 * @param string               $name Its option name.
	 * @param array<string, mixed> $row  The row.
	 * @return bool Whether it is there now.
	 */
	public function put( $name, array $row ) {
		global $wpdb;
		// As add_option() writes it: in one statement, so that it is there even if it is removed at this moment.
		$done = $wpdb->query( $wpdb->prepare( "INSERT INTO `$wpdb->options` (`option_name`, `option_value`, `autoload`) VALUES (%s, %s, %s) ON DUPLICATE KEY UPDATE `option_name` = VALUES(`option_name`), `option_value` = VALUES(`option_value`), `autoload` = VALUES(`autoload`)", $name, maybe_serialize( $row ), 'no' ) );
		self::forget( $name );
		return false !== $done;
	}

	/**
	 * Change a row, unless somebody has changed it since it was read.
	 *
	 * @param string               $name Its option name.
	 * @param array<string, mixed> $old  As it was read.
	 * @param array<string, mixed> $row  As it is to be, and differs.
	 * @return bool Whether it is so now.
	 */
	public function replace( $name, array $old, array $row ) {
		global $wpdb;
		$done = (bool) $wpdb->query( $wpdb->prepare( "UPDATE {$wpdb->options} SET option_value = %s WHERE option_name = %s AND option_value = %s", maybe_serialize( $row ), $name, maybe_serialize( $old ) ) );
		self::forget( $name );
		return $done;
	}

	/**
	 * Remove a row, unless somebody has changed it since it was read.
	 *
	 * @param string               $name Its option name.
	 * @param array<string, mixed> $old  As it was read.
	 * @return bool Whether it is gone.
	 */
	public function remove( $name, array $old ) {
		global $wpdb;
		$gone = (bool) $wpdb->query( $wpdb->prepare( "DELETE FROM {$wpdb->options} WHERE option_name = %s AND option_value = %s", $name, maybe_serialize( $old ) ) );
		self::forget( $name );
		return $gone;
	}

	/**
	 * When a row that was tried in vain is due again, by pauses that double.
	 *
	 * @param int $tries   How often it was tried.
	 * @param int $longest The longest pause, in seconds.
	 * @return int In seconds since 1970.
	 */
	public static function due( $tries, $longest ) {
		return time() + min( $longest, MINUTE_IN_SECONDS * pow( 2, min( 11, $tries ) ) );
	}

	/**
	 * The pattern of their names.
	 *
	 * @return string
	 */
	private function like() {
		global $wpdb;
		return $wpdb->esc_like( $this->prefix ) . '%';
	}

	/**
	 * Read what the database gave.
	 *
	 * @param array<int, object>|null $found Names and values.
	 * @return array<string, array<string, mixed>>
	 */
	private static function decoded( $found ) {
		$rows = array();
		foreach ( (array) $found as $one ) {
			$rows[ $one->option_name ] = maybe_unserialize( $one->option_value );
		}
		return array_filter( $rows, 'is_array' );
	}

	/**
	 * Have get_option() look again.
	 *
	 * @param string $name An option name.
	 */
	private static function forget( $name ) {
		wp_cache_delete( $name, 'options' );
		$missing = wp_cache_get( 'notoptions', 'options' );
		if ( is_array( $missing ) && isset( $missing[ $name ] ) ) {
			unset( $missing[ $name ] );
			wp_cache_set( 'notoptions', $missing, 'options' );
		}
	}
}
