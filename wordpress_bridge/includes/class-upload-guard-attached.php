<?php
/**
 * Files that attachments get.
 *
 * @package Upload_Guard
 */

/**
 * The last of the layers: the file is there already, so it is put away and its post made private. It looks when an
 * attachment is made, and at the end of each request in which one got another file: by a plugin that replaces media, by
 * code that makes the attachment first and its file then, by the image editor.
 */
final class Upload_Guard_Attached {

	const FILE = '_wp_attached_file';

	/**
	 * Before the events of this request are looked after, which may be of these attachments.
	 */
	const EARLY = 1;

	/**
	 * Judges files.
	 *
	 * @var Upload_Guard_Checker
	 */
	private $checker;

	/**
	 * Takes what passed unchecked.
	 *
	 * @var Upload_Guard_Queue
	 */
	private $queue;

	/**
	 * Takes what must not stay.
	 *
	 * @var Upload_Guard_Quarantine
	 */
	private $quarantine;

	/**
	 * Learns where uploads went.
	 *
	 * @var Upload_Guard_Places
	 */
	private $places;

	/**
	 * Attachments to look at when this request ends, by site.
	 *
	 * @var array<int, array<int, true>>
	 */
	private $changed = array();

	/**
	 * What WordPress makes smaller or turns in this request, without the ending of its name, by attachment.
	 *
	 * @var array<int, string>
	 */
	private $scaled = array();

	/**
	 * One for each request of PHP.
	 *
	 * @param Upload_Guard_Checker    $checker    See the field.
	 * @param Upload_Guard_Queue      $queue      See the field.
	 * @param Upload_Guard_Quarantine $quarantine See the field.
	 * @param Upload_Guard_Places     $places     See the field.
	 */
	public function __construct( Upload_Guard_Checker $checker, Upload_Guard_Queue $queue, Upload_Guard_Quarantine $quarantine, Upload_Guard_Places $places ) {
		$this->checker    = $checker;
		$this->queue      = $queue;
		$this->quarantine = $quarantine;
		$this->places     = $places;
	}

	/**
	 * Hook in.
	 */
	public function register() {
		add_action( 'add_attachment', array( $this, 'after_attachment' ), Upload_Guard_Hooks::LAST );
		// The filter runs for the same path as well, the actions for whoever writes the metadata by hand.
		add_filter( 'update_attached_file', array( $this, 'before_change' ), Upload_Guard_Hooks::LAST, 2 );
		add_action( 'added_post_meta', array( $this, 'after_change' ), 10, 3 );
		add_action( 'updated_post_meta', array( $this, 'after_change' ), 10, 3 );
		add_filter( 'big_image_size_threshold', array( $this, 'before_scaling' ), Upload_Guard_Hooks::LAST, 4 );
		add_action( 'shutdown', array( $this, 'at_the_end' ), self::EARLY );
		add_filter( 'rest_request_before_callbacks', array( $this, 'before_rest' ), 10, 3 );
	}

	/**
	 * A browser goes on sending sizes of a picture that was put away meanwhile: they would be shown.
	 *
	 * @param mixed           $response What was answered already.
	 * @param mixed           $handler  Unused.
	 * @param WP_REST_Request $request  The request.
	 * @return mixed
	 */
	public function before_rest( $response, $handler, $request ) {
		$is_sent = ! is_wp_error( $response ) && preg_match( '#^/wp/v2/media/(\d+)/sideload$#', $request->get_route(), $named );
		// WordPress asks for rights after this: strangers must not learn what is away.
		if ( ! $is_sent || ! current_user_can( 'edit_post', (int) $named[1] ) || ! $this->quarantine->holds( (int) $named[1] ) ) {
			return $response;
		}
		return new WP_Error( 'upload_guard_blocked', Upload_Guard_Checker::sentence( Upload_Guard_Verdict::refused( '', '', '' ) ), array( 'status' => 422 ) );
	}

	/**
	 * An attachment was made.
	 *
	 * @param int $attachment_id The attachment.
	 */
	public function after_attachment( $attachment_id ) {
		$path = get_attached_file( $attachment_id, true );
		if ( ! is_string( $path ) || ! is_file( $path ) ) {
			$this->note_change( $attachment_id );
			return;
		}
		unset( $this->changed[ get_current_blog_id() ][ $attachment_id ] );
		$this->look_at( $attachment_id, $path );
	}

	/**
	 * Which file an attachment has is about to be written.
	 *
	 * @param string $path          Where it lies.
	 * @param int    $attachment_id The attachment.
	 * @return string
	 */
	public function before_change( $path, $attachment_id = 0 ) {
		if ( is_numeric( $attachment_id ) && ! $this->is_scaled( $attachment_id, $path ) ) {
			$this->note_change( $attachment_id );
		}
		return $path;
	}

	/**
	 * Metadata was written.
	 *
	 * @param int    $unused        The number of its row.
	 * @param int    $attachment_id The post.
	 * @param string $key           Its name.
	 */
	public function after_change( $unused, $attachment_id, $key ) {
		if ( self::FILE === $key && ! $this->is_scaled( $attachment_id, get_attached_file( $attachment_id, true ) ) ) {
			$this->note_change( $attachment_id );
		}
	}

	/**
	 * WordPress is about to make sizes of a picture, and a smaller or turned one that is shown in its place.
	 *
	 * @param mixed  $threshold     Unchanged.
	 * @param mixed  $unused        The picture's size.
	 * @param string $path          Where it lies.
	 * @param int    $attachment_id Its attachment.
	 * @return mixed
	 */
	public function before_scaling( $threshold, $unused = null, $path = '', $attachment_id = 0 ) {
		if ( $attachment_id && is_numeric( $attachment_id ) && is_string( $path ) ) {
			$this->scaled[ $attachment_id ] = self::stem( $path );
		}
		return $threshold;
	}

	/**
	 * All files are where they will be.
	 */
	public function at_the_end() {
		$changed       = $this->changed;
		$this->changed = array();
		foreach ( $changed as $site_id => $attachments ) {
			Upload_Guard_Network::on(
				$site_id,
				function () use ( $attachments ) {
					array_map( array( $this, 'look_at_changed' ), array_keys( $attachments ) );
				}
			);
		}
	}

	/**
	 * Look at what an attachment got, both what was uploaded and what is shown.
	 *
	 * @param int $attachment_id The attachment.
	 */
	private function look_at_changed( $attachment_id ) {
		$shown = get_attached_file( $attachment_id, true );
		if ( 'attachment' !== get_post_type( $attachment_id ) || ! is_string( $shown ) || '' === $shown ) {
			return;
		}
		$paths = Upload_Guard_Media::main_files_of( $attachment_id );
		if ( ! $paths ) {
			$this->await( $attachment_id, $shown );
		}
		foreach ( $paths as $path ) {
			// What a person has put back is for a person.
			$is_left = $this->is_scaled( $attachment_id, $path ) || Upload_Guard_Quarantine::was_restored( $path );
			if ( ! $is_left && ! $this->look_at( $attachment_id, $path ) ) {
				return;
			}
		}
	}

	/**
	 * The file is not here, or not yet: it is looked for again. An address elsewhere is no file of this site's.
	 *
	 * @param int    $attachment_id The attachment.
	 * @param string $path          Where it should lie.
	 */
	private function await( $attachment_id, $path ) {
		if ( ! preg_match( '#^https?:#i', (string) get_post_meta( $attachment_id, self::FILE, true ) ) && ! $this->quarantine->holds( $attachment_id ) ) {
			$this->queue->add_if_unchecked( $path, $attachment_id, $this->checker->judge( $path, 'attachment' ) );
		}
	}

	/**
	 * Look at a file that is there.
	 *
	 * @param int    $attachment_id Its attachment.
	 * @param string $path          Where it lies.
	 * @return bool False: it is away.
	 */
	private function look_at( $attachment_id, $path ) {
		$verdict = $this->checker->judge( $path, 'attachment' );
		if ( $verdict->is_refused() ) {
			// It may have passed as an upload before, of which the sidecar tells: that is for this attachment, too.
			$this->places->note_earlier( $attachment_id, (string) hash_file( 'sha256', $path ) );
			if ( '' !== $this->quarantine->hold( $path, $attachment_id, $verdict, 'attachment' ) ) {
				return false;
			}
			// It may not be moved: it is tried again, and shown as waiting meanwhile.
			$verdict = Upload_Guard_Verdict::unknown( 'not_moved' );
		}
		$this->queue->add_if_unchecked( $path, $attachment_id, $verdict );
		$this->places->note( $attachment_id, $verdict );
		return true;
	}

	/**
	 * Look at an attachment when this request ends.
	 *
	 * @param int $attachment_id The attachment.
	 */
	private function note_change( $attachment_id ) {
		$this->changed[ get_current_blog_id() ][ (int) $attachment_id ] = true;
	}

	/**
	 * Whether WordPress made a file, in this request, of one that is looked at itself.
	 *
	 * @param int   $attachment_id The attachment.
	 * @param mixed $path          Where it lies.
	 * @return bool
	 */
	private function is_scaled( $attachment_id, $path ) {
		$stem = is_string( $path ) ? self::stem( $path ) : '';
		return isset( $this->scaled[ $attachment_id ] ) && in_array( $stem, array( $this->scaled[ $attachment_id ] . '-scaled', $this->scaled[ $attachment_id ] . '-rotated' ), true );
	}

	/**
	 * A path without the ending of its name, which WordPress changes with the format.
	 *
	 * @param string $path The path.
	 * @return string
	 */
	private static function stem( $path ) {
		return (string) preg_replace( '/\.[^.\/]*$/', '', $path );
	}
}
