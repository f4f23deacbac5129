<?php
/**
 * The layers at which WordPress lets an upload be refused.
 *
 * @package Upload_Guard
 */

/**
 * Four of them, since no single one is on every path (docs/wordpress.md has the table). The fifth, for files that are
 * there already, is Upload_Guard_Attached.
 */
final class Upload_Guard_Hooks {

	/**
	 * Last among all plugins: nobody changes the file, or lifts the refusal, behind us.
	 */
	const LAST = PHP_INT_MAX;

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
	 * Learns where uploads went.
	 *
	 * @var Upload_Guard_Places
	 */
	private $places;

	/**
	 * The one-shot refusal of the next upload folder, or null.
	 *
	 * @var callable|null
	 */
	private $armed;

	/**
	 * How often it was armed.
	 *
	 * @var int
	 */
	private $times_armed = 0;

	/**
	 * Files whose move was refused, by the path that they would have had: the message, and whether what lies there is
	 * the refused file itself or an empty one of ours.
	 *
	 * @var array<string, array{0: string, 1: bool}>
	 */
	private $unmoved = array();

	/**
	 * One for each request of PHP.
	 *
	 * @param Upload_Guard_Checker $checker See the field.
	 * @param Upload_Guard_Queue   $queue   See the field.
	 * @param Upload_Guard_Places  $places  See the field.
	 */
	public function __construct( Upload_Guard_Checker $checker, Upload_Guard_Queue $queue, Upload_Guard_Places $places ) {
		$this->checker = $checker;
		$this->queue   = $queue;
		$this->places  = $places;
	}

	/**
	 * Hook in.
	 */
	public function register() {
		add_filter( 'wp_handle_upload_prefilter', array( $this, 'before_upload' ), self::LAST );
		add_filter( 'wp_handle_sideload_prefilter', array( $this, 'before_sideload' ), self::LAST );
		add_filter( 'wp_check_filetype_and_ext', array( $this, 'at_filetype' ), self::LAST, 2 );
		add_filter( 'pre_move_uploaded_file', array( $this, 'before_move' ), self::LAST, 3 );
		add_filter( 'wp_upload_bits', array( $this, 'before_bits' ), self::LAST );
		add_filter( 'wp_handle_upload', array( $this, 'after_move' ), self::LAST );
		add_filter( 'rest_request_before_callbacks', array( $this, 'before_rest' ), 1 );
		add_filter( 'rest_request_after_callbacks', array( $this, 'after_rest' ), self::LAST );
	}

	/**
	 * Layer 1, forms and the REST API: before WordPress does anything with the file.
	 *
	 * @param array<string, mixed> $file One file as $_FILES has it.
	 * @return array<string, mixed>
	 */
	public function before_upload( $file ) {
		return $this->prefilter( $file, 'upload' );
	}

	/**
	 * Layer 1 of files that WordPress fetched or was sent as a raw body.
	 *
	 * @param array<string, mixed> $file One file as $_FILES has it.
	 * @return array<string, mixed>
	 */
	public function before_sideload( $file ) {
		return $this->prefilter( $file, 'sideload' );
	}

	/**
	 * Layer 2, for paths without a prefilter of ours (importer, own actions): the next upload folder is an error.
	 *
	 * @param array<string, mixed> $type What WordPress says of the file's type.
	 * @param string               $path Where it lies.
	 * @return array<string, mixed>
	 */
	public function at_filetype( $type, $path ) {
		$this->disarm();
		if ( is_string( $path ) && is_file( $path ) ) {
			$this->arm( $this->checker->objection( $path, 'filetype' ) );
		}
		return $type;
	}

	/**
	 * Layer 3, for paths that test no type: the file is not moved.
	 *
	 * @param mixed                $moved    Null: WordPress will move it.
	 * @param array<string, mixed> $file     One file as $_FILES has it.
	 * @param string               $new_path Where it would go.
	 * @return mixed
	 */
	public function before_move( $moved, $file, $new_path ) {
		$path    = isset( $file['tmp_name'] ) && is_file( $file['tmp_name'] ) ? $file['tmp_name'] : $new_path;
		$message = is_file( $path ) ? $this->checker->objection( $path, 'move' ) : '';
		if ( '' === $message ) {
			return $moved;
		}
		// A file that lay there before, and which this upload was to replace, is no part of it.
		$ours = $path === $new_path || ! is_file( $new_path );

		$this->unmoved[ $new_path ] = array( $message, $ours );
		// WordPress sets rights on the file whatever we answer; an empty one saves the log a warning.
		if ( ! is_file( $new_path ) ) {
			touch( $new_path ); // phpcs:ignore WordPress.WP.AlternativeFunctions -- WP_Filesystem may ask for FTP passwords.
		}
		return false;
	}

	/**
	 * Layer 4, XML-RPC and wp_upload_bits().
	 *
	 * @param array<string, mixed>|string $bits Name and content; a text is an error of somebody else's.
	 * @return array<string, mixed>|string
	 */
	public function before_bits( $bits ) {
		if ( ! is_array( $bits ) || ! isset( $bits['bits'] ) || ! is_string( $bits['bits'] ) || '' === $bits['bits'] ) {
			return $bits;
		}
		require_once ABSPATH . 'wp-admin/includes/file.php';
		$path = wp_tempnam( 'upload-guard' );
		// phpcs:ignore WordPress.WP.AlternativeFunctions -- A temporary file, as WordPress itself writes it.
		$written = $path && strlen( $bits['bits'] ) === file_put_contents( $path, $bits['bits'] );
		$message = $written ? $this->checker->objection( $path, 'bits' ) : $this->checker->object_to( Upload_Guard_Verdict::unknown( 'unreadable' ) );
		if ( $path ) {
			wp_delete_file( $path );
		}
		return '' === $message ? $bits : $message;
	}

	/**
	 * What has landed: an error where layer 3 refused it, a place in the queue where nobody has looked at it.
	 *
	 * @param array<string, mixed> $upload File, URL and type.
	 * @return array<string, mixed>
	 */
	public function after_move( $upload ) {
		if ( ! isset( $upload['file'] ) || ! is_string( $upload['file'] ) ) {
			return $upload;
		}
		$path = $upload['file'];
		if ( isset( $this->unmoved[ $path ] ) ) {
			list( $message, $ours ) = $this->unmoved[ $path ];
			unset( $this->unmoved[ $path ] );
			if ( $ours ) {
				wp_delete_file( $path );
			}
			return array( 'error' => $message );
		}
		$verdict = $this->checker->judge( $path, 'landed' );
		$message = $this->checker->object_to( $verdict );
		if ( '' !== $message ) {
			wp_delete_file( $path );
			return array( 'error' => $message );
		}
		$this->queue->add_if_unchecked( $path, 0, $verdict );
		$this->places->landed( $verdict );
		return $upload;
	}

	/**
	 * Each REST request, of a batch too, is refused for its own files only.
	 *
	 * @param mixed $response Anything.
	 * @return mixed
	 */
	public function before_rest( $response ) {
		$this->checker->forget_refusal();
		return $response;
	}

	/**
	 * WordPress answers 500 to what we refuse; it is the file, not the server.
	 *
	 * @param mixed $response What the route answers.
	 * @return mixed
	 */
	public function after_rest( $response ) {
		$refusal = is_wp_error( $response ) ? $this->checker->refusal() : null;
		$this->checker->forget_refusal();
		return $refusal ? $refusal : $response;
	}

	/**
	 * Layer 1.
	 *
	 * @param array<string, mixed> $file One file as $_FILES has it.
	 * @param string               $door Where it came in.
	 * @return array<string, mixed>
	 */
	private function prefilter( $file, $door ) {
		$this->disarm();
		$path = isset( $file['tmp_name'] ) && is_string( $file['tmp_name'] ) ? $file['tmp_name'] : '';
		if ( ! empty( $file['error'] ) && ! is_numeric( $file['error'] ) ) {
			return $file;
		}
		$stripped = Upload_Guard_Memo::stripped( $path );
		if ( $stripped ) {
			$file['error'] = $this->checker->object_to( $stripped );
			return $file;
		}
		if ( ! is_file( $path ) ) {
			return $file;
		}
		$message = $this->checker->objection( $path, $door );
		if ( '' !== $message ) {
			$file['error'] = $message;
		}
		return $file;
	}

	/**
	 * Make the next upload folder an error.
	 *
	 * @param string $message What the person is told; empty: nothing is armed.
	 */
	private function arm( $message ) {
		if ( '' === $message ) {
			return;
		}
		++$this->times_armed;
		$this->armed = function ( $folder ) use ( $message ) {
			$this->disarm();
			// WordPress remembers errors by path for the rest of the request: a path of this refusal's own,
			// or every later file of the same request would be refused with it.
			$folder['path']  = untrailingslashit( get_temp_dir() ) . str_repeat( '/.', $this->times_armed );
			$folder['error'] = $message;
			return $folder;
		};
		add_filter( 'upload_dir', $this->armed, self::LAST );
	}

	/**
	 * Take that back.
	 */
	private function disarm() {
		if ( $this->armed ) {
			remove_filter( 'upload_dir', $this->armed, self::LAST );
			$this->armed = null;
		}
	}
}
