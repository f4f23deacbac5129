<?php
/**
 * One process at a time.
 *
 * @package Upload_Guard
 */

/**
 * WordPress's own lock of its updates, under a name of ours: a row of wp_options, each site's own.
 */
final class Upload_Guard_Lock {

	/**
	 * What was ended half way, and could not give it back, holds it for so long.
	 */
	const SECONDS = 10 * MINUTE_IN_SECONDS;

	/**
	 * Do what no two processes may do at once.
	 *
	 * @param string   $name Of the lock.
	 * @param callable $work What is to be done.
	 * @return mixed What it gives; null where another process is at it.
	 */
	public static function alone( $name, callable $work ) {
		require_once ABSPATH . 'wp-admin/includes/class-wp-upgrader.php';
		if ( ! WP_Upgrader::create_lock( $name, self::SECONDS ) ) {
			return null;
		}
		try {
			return $work();
		} finally {
			WP_Upgrader::release_lock( $name );
		}
	}
}
