<?php
/**
 * The sites of a network.
 *
 * @package Upload_Guard
 */

/**
 * The sidecar knows one site, whose word reaches the main one of a network; attachments are each site's own.
 */
final class Upload_Guard_Network {

	/**
	 * The place of an attachment of the site that this is done on, as the sidecar can reach it. Numbers are each site's
	 * own, so one that is not the main site's is named with its site.
	 *
	 * @param int    $attachment_id The attachment.
	 * @param string $name          What the sidecar calls this site, or the network.
	 * @return string A locator.
	 */
	public static function place_of( $attachment_id, $name ) {
		// phpcs:ignore WordPress.WP.CapitalPDangit -- The scheme of a locator.
		return 'wordpress://' . $name . ( is_main_site() ? '/' : '/sites/' . get_current_blog_id() . '/' ) . $attachment_id;
	}

	/**
	 * Do something on the main site, where events are told.
	 *
	 * @param callable $work What is to be done.
	 * @return mixed What it gives.
	 */
	public static function at_home( callable $work ) {
		return self::on( is_multisite() ? get_main_site_id() : get_current_blog_id(), $work );
	}

	/**
	 * Do something on each site.
	 *
	 * @param callable $work Gives a list.
	 * @return array<int, mixed> All of what they give.
	 */
	public static function everywhere( callable $work ) {
		if ( ! is_multisite() ) {
			return $work();
		}
		$all   = array();
		$sites = get_sites(
			array(
				'fields' => 'ids',
				'number' => 0,
			)
		);
		foreach ( $sites as $site_id ) {
			$all = array_merge( $all, self::on( $site_id, $work ) );
		}
		return $all;
	}

	/**
	 * Do something on one site.
	 *
	 * @param int      $site_id The site, which is there.
	 * @param callable $work    What is to be done.
	 * @return mixed What it gives.
	 */
	public static function on( $site_id, callable $work ) {
		if ( get_current_blog_id() === (int) $site_id ) {
			return $work();
		}
		switch_to_blog( $site_id );
		try {
			return $work();
		} finally {
			restore_current_blog();
		}
	}

	/**
	 * The site that a request of the sidecar's is about.
	 *
	 * @param mixed $site_id As it names it; null: the main one.
	 * @return int 0: there is no such site that its key is for.
	 */
	public static function asked( $site_id ) {
		if ( null === $site_id ) {
			return is_multisite() ? get_main_site_id() : get_current_blog_id();
		}
		$site = is_multisite() && is_int( $site_id ) ? get_site( $site_id ) : null;
		return $site && get_current_network_id() === (int) $site->network_id ? $site_id : 0;
	}

	/**
	 * The sites whose upload an address may show.
	 *
	 * @param string $url The address.
	 * @return array<int, int> Their ids. WordPress names a site in the addresses of its uploads, except the main one.
	 */
	public static function sites_at( $url ) {
		$named = is_multisite() && preg_match( '#/sites/([1-9][0-9]{0,9})/#', $url, $found ) ? self::asked( (int) $found[1] ) : 0;
		return array_filter( array( $named, self::asked( null ) ) );
	}
}
