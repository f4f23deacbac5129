<?php
/**
 * Where uploads went that passed.
 *
 * @package Upload_Guard
 */

/**
 * A list may know an upload one day that it did not know today. Where the sidecar remembers uploads for that, each
 * attachment keeps by which id it was checked, and cron tells the sidecar which attachment it became. Elsewhere no
 * verdict has such an id, and nothing is kept, asked or told.
 */
final class Upload_Guard_Places {

	const PREFIX = 'upload_guard_place_';
	const META   = '_upload_guard_upload';
	const LOCK   = 'upload_guard_places_run';

	/**
	 * How many uploads one attachment keeps: one each time that it is checked. As many as the sidecar has places of one.
	 */
	const MOST = 20;

	/**
	 * With pauses that double up to an hour, about two days.
	 */
	const TRIES = 50;

	/**
	 * How many one run reads: a scan of a large library leaves one for each file, and all of them fill PHP's memory.
	 */
	const AT_ONCE = 2000;

	/**
	 * Rows of metadata among which a file is looked for that came just before. No index helps there, and a person waits.
	 */
	const NEWEST = 20000;

	/**
	 * Seconds that one run of cron takes.
	 */
	const PATIENCE = 20;

	/**
	 * Answers to a sidecar that knows no such thing, or a key that may not: they come again.
	 */
	const FINAL_STATUSES = array( 400, 403, 404, 405, 422 );

	/**
	 * Asks the sidecar.
	 *
	 * @var Upload_Guard_Client
	 */
	private $client;

	/**
	 * Whether the sidecar answers.
	 *
	 * @var Upload_Guard_Circuit
	 */
	private $circuit;

	/**
	 * What is still to be told.
	 *
	 * @var Upload_Guard_Rows
	 */
	private $rows;

	/**
	 * What has landed in this REST request.
	 *
	 * @var array<int, Upload_Guard_Verdict>
	 */
	private $landed = array();

	/**
	 * One for each request of PHP.
	 *
	 * @param Upload_Guard_Client  $client  See the field.
	 * @param Upload_Guard_Circuit $circuit See the field.
	 */
	public function __construct( Upload_Guard_Client $client, Upload_Guard_Circuit $circuit ) {
		$this->client  = $client;
		$this->circuit = $circuit;
		$this->rows    = new Upload_Guard_Rows( self::PREFIX );
	}

	/**
	 * Hook in.
	 */
	public function register() {
		add_action( Upload_Guard_Queue::EVENT, array( $this, 'run' ) );
		add_action( Upload_Guard_Plugin::REFRESH, array( $this, 'go_on' ) );
		add_filter( 'rest_request_after_callbacks', array( $this, 'after_rest' ), 10, 3 );
	}

	/**
	 * A file of an attachment was checked: keep by which id, and have it told.
	 *
	 * @param int                  $attachment_id The attachment.
	 * @param Upload_Guard_Verdict $verdict       The verdict.
	 */
	public function note( $attachment_id, Upload_Guard_Verdict $verdict ) {
		if ( ! $attachment_id || '' === $verdict->sha256 ) {
			return;
		}
		// A file that came again at once was not sent again: it is the upload that came before.
		$upload = '' !== $verdict->upload ? $verdict->upload : self::upload_of( $verdict->sha256 );
		if ( '' === $upload ) {
			return;
		}
		$known = get_post_meta( $attachment_id, self::META );
		$mark  = $verdict->sha256 . ' ' . $upload;
		if ( in_array( $mark, $known, true ) ) {
			return;
		}
		if ( count( $known ) >= self::MOST ) {
			delete_post_meta( $attachment_id, self::META, $known[0] );
		}
		add_post_meta( $attachment_id, self::META, $mark );
		$row = array(
			'upload'     => $upload,
			'attachment' => $attachment_id,
			'tries'      => 0,
			'next'       => time(),
		);
		$this->rows->put( self::PREFIX . $attachment_id . '_' . $upload, $row );
		Upload_Guard_Queue::schedule( MINUTE_IN_SECONDS );
	}

	/**
	 * A file has landed that is no attachment of its own yet.
	 *
	 * @param Upload_Guard_Verdict $verdict Its verdict.
	 */
	public function landed( Upload_Guard_Verdict $verdict ) {
		if ( '' !== $verdict->sha256 ) {
			$this->landed[] = $verdict;
		}
	}

	/**
	 * A size that a browser made belongs to the attachment that its address names.
	 *
	 * @param mixed           $response What the route answers.
	 * @param mixed           $handler  Unused.
	 * @param WP_REST_Request $request  The request.
	 * @return mixed
	 */
	public function after_rest( $response, $handler, $request ) {
		if ( ! is_wp_error( $response ) && preg_match( '#^/wp/v2/media/(\d+)/sideload$#', $request->get_route(), $named ) ) {
			foreach ( $this->landed as $verdict ) {
				$this->note( (int) $named[1], $verdict );
			}
		}
		$this->landed = array();
		return $response;
	}

	/**
	 * The attachments of this site that an upload became, with the digest that each had then.
	 *
	 * @param string $upload Its id.
	 * @return array<int, string> SHA-256 by attachment.
	 */
	public static function attachments_of( $upload ) {
		global $wpdb;
		// phpcs:ignore WordPress.DB.DirectDatabaseQuery -- There is no search by a part of a value.
		$found = $wpdb->get_results( $wpdb->prepare( "SELECT post_id, meta_value FROM {$wpdb->postmeta} WHERE meta_key = %s AND meta_value LIKE %s ORDER BY meta_id", self::META, '% ' . $wpdb->esc_like( $upload ) ) );
		$these = array();
		foreach ( (array) $found as $one ) {
			$these[ (int) $one->post_id ] = substr( $one->meta_value, 0, 64 );
		}
		return $these;
	}

	/**
	 * See to it that what is still to be told is told.
	 */
	public function go_on() {
		if ( $this->rows->count() ) {
			Upload_Guard_Queue::schedule( MINUTE_IN_SECONDS );
		}
	}

	/**
	 * Tell what is due. Stops where nobody answers: what is left has time.
	 */
	public function run() {
		$rows = $this->rows->all( self::AT_ONCE );
		if ( ! $rows ) {
			return;
		}
		require_once ABSPATH . 'wp-admin/includes/class-wp-upgrader.php';
		if ( ! $this->circuit->is_open() && WP_Upgrader::create_lock( self::LOCK, 10 * MINUTE_IN_SECONDS ) ) {
			$this->tell_all( $rows );
			WP_Upgrader::release_lock( self::LOCK );
		}
		$this->go_on();
	}

	/**
	 * Tell what is due.
	 *
	 * @param array<string, array<string, mixed>> $rows By option name.
	 */
	private function tell_all( array $rows ) {
		$until = time() + self::PATIENCE;
		$site  = $this->site();
		foreach ( $rows as $name => $row ) {
			if ( '' === $site || time() >= $until ) {
				return;
			}
			if ( 'attachment' !== get_post_type( $row['attachment'] ) ) {
				$this->rows->remove( $name, $row );
			} elseif ( $row['next'] <= time() && ! $this->tell( $name, $row, $site ) ) {
				return;
			}
		}
	}

	/**
	 * Tell one.
	 *
	 * @param string               $name The option that holds it.
	 * @param array<string, mixed> $row  The option's value.
	 * @param string               $site What the sidecar calls this site.
	 * @return bool Whether the sidecar answered.
	 */
	private function tell( $name, array $row, $site ) {
		$status = $this->client->tell_place( $row['upload'], self::place_of( $row['attachment'], $site ) )->status;
		$tries  = $row['tries'] + 1;
		if ( 200 === $status || $tries >= self::TRIES || in_array( $status, self::FINAL_STATUSES, true ) ) {
			$this->rows->remove( $name, $row );
			return true;
		}
		$next = Upload_Guard_Rows::due( $tries, HOUR_IN_SECONDS );
		$this->rows->replace( $name, $row, compact( 'tries', 'next' ) + $row );
		return false;
	}

	/**
	 * What the sidecar calls this site.
	 *
	 * @return string Empty where it does not say.
	 */
	private function site() {
		$config = get_site_transient( Upload_Guard_Plugin::CONFIG );
		return isset( $config['site'] ) && is_string( $config['site'] ) ? $config['site'] : $this->client->config()->text( 'site' );
	}

	/**
	 * The place of an attachment. The sidecar reaches the main site of a network only, and numbers are each site's own.
	 *
	 * @param int    $attachment_id The attachment.
	 * @param string $site          What the sidecar calls this site.
	 * @return string
	 */
	private static function place_of( $attachment_id, $site ) {
		// phpcs:ignore WordPress.WP.CapitalPDangit -- The scheme of a locator.
		return is_main_site() ? 'wordpress://' . $site . '/' . $attachment_id : sprintf( 'attachment %d of site %d of the network', $attachment_id, get_current_blog_id() );
	}

	/**
	 * The newest upload of this site with that content, if it came just before.
	 *
	 * @param string $sha256 Lower-case hex digits.
	 * @return string Its id; empty where none is known.
	 */
	private static function upload_of( $sha256 ) {
		global $wpdb;
		// phpcs:disable WordPress.DB.DirectDatabaseQuery -- There is no search by a part of a value.
		$after = max( 0, (int) $wpdb->get_var( "SELECT MAX(meta_id) FROM {$wpdb->postmeta}" ) - self::NEWEST );
		$mark  = $wpdb->get_var( $wpdb->prepare( "SELECT meta_value FROM {$wpdb->postmeta} WHERE meta_id > %d AND meta_key = %s AND meta_value LIKE %s ORDER BY meta_id DESC LIMIT 1", $after, self::META, $wpdb->esc_like( $sha256 ) . ' %' ) );
		// phpcs:enable
		return is_string( $mark ) ? substr( $mark, 65 ) : '';
	}
}
