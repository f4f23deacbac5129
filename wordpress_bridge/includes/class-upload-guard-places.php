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
	const LOCK   = 'upload_guard_places_run';

	/**
	 * With pauses that double up to an hour, about two days.
	 */
	const TRIES = 50;

	/**
	 * How many one run reads: a scan of a large library leaves one for each file, and all of them fill PHP's memory.
	 */
	const AT_ONCE = 2000;

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
	 * What has landed in this request and is no attachment: ids of uploads by SHA-256.
	 *
	 * @var array<string, string>
	 */
	private $unattached = array();

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
		add_action( 'shutdown', array( $this, 'at_the_end' ) );
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
		if ( '' === $verdict->upload ) {
			// A file that came again at once was not sent again: it is the upload that came before.
			$this->note_earlier( $attachment_id, $verdict->sha256 );
			return;
		}
		$this->mark( $attachment_id, $verdict->sha256, $verdict->upload );
	}

	/**
	 * A file of an attachment has passed a short time ago, before it was there.
	 *
	 * @param int    $attachment_id The attachment.
	 * @param string $sha256        Of its file.
	 */
	public function note_earlier( $attachment_id, $sha256 ) {
		$upload = Upload_Guard_Marks::newest( $sha256 );
		if ( '' !== $upload ) {
			$this->mark( $attachment_id, $sha256, $upload );
		}
	}

	/**
	 * An upload is an attachment's.
	 *
	 * @param int    $attachment_id The attachment.
	 * @param string $sha256        Of its file.
	 * @param string $upload        The upload's id.
	 */
	private function mark( $attachment_id, $sha256, $upload ) {
		if ( ! is_multisite() ) {
			// Of what comes again, its attachment tells. On a network it may come to another site, which does not know that one.
			unset( $this->unattached[ $sha256 ] );
		}
		if ( ! Upload_Guard_Marks::add( $attachment_id, $upload, $sha256 ) ) {
			return;
		}
		$row = array(
			'upload'     => $upload,
			'attachment' => $attachment_id,
			'tries'      => 0,
			'next'       => time(),
		);
		$this->rows->put( self::PREFIX . $attachment_id . '_' . $upload, $row );
		Upload_Guard_Queue::schedule( MINUTE_IN_SECONDS );
		do_action( 'upload_guard_noted', $upload );
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
		if ( '' !== $verdict->upload ) {
			$this->unattached[ $verdict->sha256 ] = $verdict->upload;
		}
	}

	/**
	 * What landed and is no attachment may become one by another request, which the sidecar answers without an id.
	 */
	public function at_the_end() {
		foreach ( $this->unattached as $sha256 => $upload ) {
			Upload_Guard_Marks::remember( $sha256, $upload );
		}
		$this->unattached = array();
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
		if ( ! $this->circuit->is_open() ) {
			Upload_Guard_Lock::alone(
				self::LOCK,
				function () use ( $rows ) {
					$this->tell_all( $rows );
				}
			);
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
		$status = $this->client->tell_place( $row['upload'], Upload_Guard_Network::place_of( $row['attachment'], $site ) )->status;
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
}
