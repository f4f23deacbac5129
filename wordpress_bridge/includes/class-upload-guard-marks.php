<?php
/**
 * By which uploads attachments were checked.
 *
 * @package Upload_Guard
 */

// There is no search by a key's beginning, and none for attachments by their metadata that keeps to one index.
// phpcs:disable WordPress.DB.DirectDatabaseQuery

/**
 * One row of an attachment's metadata for each upload: its id stands in the key, which has an index, and the SHA-256 that the
 * file had then is the value. Marks of older versions had one key for all, and both in the value: no index helps there.
 */
final class Upload_Guard_Marks {

	const PREFIX = '_upload_guard_upload_';
	const OLD    = '_upload_guard_upload';
	const LOCK   = 'upload_guard_marks_run';

	/**
	 * Name of a transient: the upload with a SHA-256 that no attachment is known of.
	 */
	const LANDED = 'upload_guard_upload_';

	/**
	 * Rows of metadata among which a file is looked for that came just before. No index helps there, and a person waits.
	 */
	const NEWEST = 20000;

	/**
	 * How many uploads one attachment keeps: one each time that it is checked. As many as the sidecar has places of one.
	 */
	const MOST = 20;

	/**
	 * How many old marks one statement renews, and for how many seconds one run goes on with it.
	 */
	const PORTION  = 1000;
	const PATIENCE = 20;

	/**
	 * SHA-256, a space, and the upload's id.
	 */
	const OLD_LENGTH = 97;

	/**
	 * Hook in.
	 */
	public static function register() {
		add_action( Upload_Guard_Queue::EVENT, array( __CLASS__, 'renew' ) );
		add_action( Upload_Guard_Plugin::REFRESH, array( __CLASS__, 'go_on' ) );
	}

	/**
	 * The uploads by which an attachment was checked, the oldest first.
	 *
	 * @param int $attachment_id The attachment.
	 * @return array<string, string> SHA-256 by the upload's id.
	 */
	public static function of( $attachment_id ) {
		$marks = array();
		foreach ( (array) get_post_meta( $attachment_id ) as $key => $values ) {
			if ( 0 === strpos( $key, self::PREFIX ) ) {
				$marks[ substr( $key, strlen( self::PREFIX ) ) ] = (string) $values[0];
			}
			foreach ( self::OLD === $key ? $values : array() as $old ) {
				$marks[ substr( $old, 65 ) ] = substr( $old, 0, 64 );
			}
		}
		return $marks;
	}

	/**
	 * An attachment's file was checked by an upload.
	 *
	 * @param int    $attachment_id The attachment.
	 * @param string $upload        The upload's id.
	 * @param string $sha256        Of the file, in lower-case hex digits.
	 * @return bool False: that is known.
	 */
	public static function add( $attachment_id, $upload, $sha256 ) {
		$known = self::of( $attachment_id );
		if ( isset( $known[ $upload ] ) ) {
			return false;
		}
		if ( count( $known ) >= self::MOST ) {
			$oldest = (string) key( $known );
			delete_post_meta( $attachment_id, self::PREFIX . $oldest );
			delete_post_meta( $attachment_id, self::OLD, $known[ $oldest ] . ' ' . $oldest );
		}
		return (bool) add_post_meta( $attachment_id, self::PREFIX . $upload, $sha256, true );
	}

	/**
	 * The attachments of this site that an upload became, with the digest that each had then.
	 *
	 * @param string $upload Its id.
	 * @return array<int, string> SHA-256 by attachment.
	 */
	public static function attachments_of( $upload ) {
		global $wpdb;
		// One statement for both forms: between two, a mark could be renewed and be seen by neither.
		$found = $wpdb->get_results( $wpdb->prepare( "SELECT post_id, meta_value FROM {$wpdb->postmeta} WHERE meta_key = %s OR ( meta_key = %s AND meta_value LIKE %s ) ORDER BY meta_id", self::PREFIX . $upload, self::OLD, '% ' . $wpdb->esc_like( $upload ) ) );
		$these = array();
		foreach ( (array) $found as $one ) {
			$these[ (int) $one->post_id ] = substr( $one->meta_value, 0, 64 );
		}
		return $these;
	}

	/**
	 * Remember which upload a content came by that is no attachment yet.
	 *
	 * @param string $sha256 Lower-case hex digits.
	 * @param string $upload The upload's id.
	 */
	public static function remember( $sha256, $upload ) {
		set_site_transient( self::LANDED . $sha256, $upload, DAY_IN_SECONDS );
	}

	/**
	 * The upload by which a content came just before: the sidecar answers to its hashes alone for some minutes then (its
	 * `cache.seconds`), and names none.
	 *
	 * @param string $sha256 Lower-case hex digits.
	 * @return string Its id; empty where none is known.
	 */
	public static function newest( $sha256 ) {
		global $wpdb;
		$landed = get_site_transient( self::LANDED . $sha256 );
		if ( is_string( $landed ) ) {
			return $landed;
		}
		$after = max( 0, (int) $wpdb->get_var( "SELECT MAX(meta_id) FROM {$wpdb->postmeta}" ) - self::NEWEST );
		// SUBSTRING(), not LIKE: the index of keys would have it read all marks, and there may be more of them than rows since then.
		$mark = $wpdb->get_row( $wpdb->prepare( "SELECT meta_key, meta_value FROM {$wpdb->postmeta} WHERE meta_id > %d AND ( ( SUBSTRING( meta_key, 1, %d ) = %s AND meta_value = %s ) OR ( meta_key = %s AND meta_value LIKE %s ) ) ORDER BY meta_id DESC LIMIT 1", $after, strlen( self::PREFIX ), self::PREFIX, $sha256, self::OLD, $wpdb->esc_like( $sha256 ) . ' %' ) );
		if ( ! $mark ) {
			return '';
		}
		return self::OLD === $mark->meta_key ? substr( $mark->meta_value, 65 ) : substr( $mark->meta_key, strlen( self::PREFIX ) );
	}

	/**
	 * See to it that old marks are renewed.
	 */
	public static function go_on() {
		if ( self::old( 1 ) ) {
			Upload_Guard_Queue::schedule( MINUTE_IN_SECONDS );
		}
	}

	/**
	 * Give old marks the form that has an index, some of them a run.
	 */
	public static function renew() {
		$is_more_left = Upload_Guard_Lock::alone(
			self::LOCK,
			static function () {
				$until = time() + self::PATIENCE;
				do {
					$done = self::renew_portion();
				} while ( $done && time() < $until );
				return $done;
			}
		);
		if ( $is_more_left ) {
			self::go_on();
		}
	}

	/**
	 * Renew some.
	 *
	 * @return bool Whether any was.
	 */
	private static function renew_portion() {
		global $wpdb;
		$posts = self::old( self::PORTION );
		if ( ! $posts ) {
			return false;
		}
		$ids   = array_keys( $posts );
		$these = implode( ',', array_fill( 0, count( $ids ), '%d' ) );
		// The first assignment does not touch what the second one reads: MySQL makes them one after the other.
		// phpcs:ignore WordPress.WP.PreparedSQL.NotPrepared, WordPress.DB.PreparedSQLPlaceholders -- One placeholder a number.
		$done = $wpdb->query( $wpdb->prepare( "UPDATE {$wpdb->postmeta} SET meta_key = CONCAT( %s, SUBSTRING( meta_value, 66 ) ), meta_value = SUBSTRING( meta_value, 1, 64 ) WHERE meta_id IN ( $these ) AND meta_key = %s", array_merge( array( self::PREFIX ), $ids, array( self::OLD ) ) ) );
		foreach ( array_unique( $posts ) as $post_id ) {
			wp_cache_delete( (int) $post_id, 'post_meta' );
		}
		return (bool) $done;
	}

	/**
	 * Some old marks.
	 *
	 * @param int $limit At most so many.
	 * @return array<int, string> Their posts by their own ids.
	 */
	private static function old( $limit ) {
		global $wpdb;
		// In whatever order: to sort them, MySQL would go through all metadata by its primary key.
		$found = $wpdb->get_results( $wpdb->prepare( "SELECT meta_id, post_id FROM {$wpdb->postmeta} WHERE meta_key = %s AND LENGTH( meta_value ) = %d LIMIT %d", self::OLD, self::OLD_LENGTH, $limit ) );
		return wp_list_pluck( (array) $found, 'post_id', 'meta_id' );
	}
}
