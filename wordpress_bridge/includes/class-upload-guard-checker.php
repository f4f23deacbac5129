<?php
/**
 * From a file to whether it may pass.
 *
 * @package Upload_Guard
 */

/**
 * Remembers verdicts, leaves a silent sidecar alone, and applies the failure policy.
 */
final class Upload_Guard_Checker {

	/**
	 * Asks the sidecar.
	 *
	 * @var Upload_Guard_Client
	 */
	private $client;

	/**
	 * What the administrator has chosen.
	 *
	 * @var Upload_Guard_Options
	 */
	private $options;

	/**
	 * Whether the sidecar answers.
	 *
	 * @var Upload_Guard_Circuit
	 */
	private $circuit;

	/**
	 * Files that were read, by path and what the file system tells of them.
	 *
	 * @var array<string, Upload_Guard_File|null>
	 */
	private $files = array();

	/**
	 * The last refusal of this request: code, message, status, case.
	 *
	 * @var array<string, mixed>|null
	 */
	private $refusal;

	/**
	 * One for each request of PHP.
	 *
	 * @param Upload_Guard_Client  $client  See the field.
	 * @param Upload_Guard_Options $options See the field.
	 * @param Upload_Guard_Circuit $circuit See the field.
	 */
	public function __construct( Upload_Guard_Client $client, Upload_Guard_Options $options, Upload_Guard_Circuit $circuit ) {
		$this->client  = $client;
		$this->options = $options;
		$this->circuit = $circuit;
	}

	/**
	 * What is known of a file, asking at most once for it.
	 *
	 * @param string $path Where it lies.
	 * @param string $door Where it came in: browser, sideload, bits, ...
	 * @return Upload_Guard_Verdict
	 */
	public function judge( $path, $door ) {
		$file = $this->file( $path );
		if ( ! $file ) {
			return Upload_Guard_Verdict::unknown( $this->options->access()->is_complete() ? 'unreadable' : 'not_configured' );
		}
		$name    = $this->client->name_of( $file );
		$verdict = Upload_Guard_Memo::find( $name );
		if ( ! $verdict ) {
			$verdict = $this->ask( $file, $door );
			Upload_Guard_Memo::keep( $name, $verdict );
		}
		return $verdict;
	}

	/**
	 * What a person is told who may not upload a file; empty where it passes.
	 *
	 * @param string $path Where it lies.
	 * @param string $door Where it came in.
	 * @return string
	 */
	public function objection( $path, $door ) {
		return $this->object_to( $this->judge( $path, $door ) );
	}

	/**
	 * The same of a verdict.
	 *
	 * @param Upload_Guard_Verdict $verdict The verdict.
	 * @return string
	 */
	public function object_to( Upload_Guard_Verdict $verdict ) {
		if ( $verdict->is_refused() ) {
			$message = self::sentence( $verdict );
			return $this->refuse( 'upload_guard_blocked', $message, 422, $verdict->case_number );
		}
		if ( $verdict->is_unknown() && $this->options->fails_closed() ) {
			$message = __( 'Uploads cannot be accepted at the moment. Please try again later.', 'upload-guard' );
			return $this->refuse( 'upload_guard_unavailable', $message, 503, '' );
		}
		return '';
	}

	/**
	 * The last refusal of this request, as a REST error; null where nothing was refused.
	 *
	 * @return WP_Error|null
	 */
	public function refusal() {
		if ( ! $this->refusal ) {
			return null;
		}
		$data = array( 'status' => $this->refusal['status'] );
		if ( '' !== $this->refusal['case'] ) {
			$data['case'] = $this->refusal['case'];
		}
		return new WP_Error( $this->refusal['code'], $this->refusal['message'], $data );
	}

	/**
	 * Whether anything was refused in this request.
	 */
	public function forget_refusal() {
		$this->refusal = null;
	}

	/**
	 * The sentence for the uploader, with the number of the case.
	 *
	 * @param Upload_Guard_Verdict $verdict One that refuses.
	 * @return string
	 */
	public static function sentence( Upload_Guard_Verdict $verdict ) {
		// What a service says is shown to people: as text only.
		$sentence = sanitize_text_field( $verdict->message );
		if ( '' === $sentence ) {
			$sentence = __( 'This upload cannot be accepted.', 'upload-guard' );
		}
		if ( '' === $verdict->case_number ) {
			return $sentence;
		}
		/* translators: %s: number of a case, such as 7KQM-2TZP-9XWD. */
		return $sentence . ' ' . sprintf( __( 'Case number: %s', 'upload-guard' ), sanitize_text_field( $verdict->case_number ) );
	}

	/**
	 * Read a file, unless it was read before and has not changed since.
	 *
	 * @param string $path Where it lies.
	 * @return Upload_Guard_File|null
	 */
	private function file( $path ) {
		clearstatcache( true, $path );
		$stat = is_file( $path ) ? stat( $path ) : false;
		if ( ! $stat ) {
			return null;
		}
		$key = implode( '|', array( $path, $stat['ino'], $stat['size'], $stat['mtime'], $stat['ctime'] ) );
		// Within the second that a file was written in, its times cannot tell whether it was written again.
		$settled = $stat['mtime'] < time() - 1 && $stat['ctime'] < time() - 1;
		if ( ! $settled || ! array_key_exists( $key, $this->files ) ) {
			$this->files[ $key ] = Upload_Guard_File::read( $path );
		}
		return $this->files[ $key ];
	}

	/**
	 * Ask the sidecar.
	 *
	 * @param Upload_Guard_File $file The file.
	 * @param string            $door Where it came in.
	 * @return Upload_Guard_Verdict
	 */
	private function ask( Upload_Guard_File $file, $door ) {
		if ( $this->circuit->is_open() ) {
			return Upload_Guard_Verdict::unknown( 'circuit_open' );
		}
		$verdict = $this->client->check( $file, $this->about( $door ) );
		$this->circuit->note( $verdict );
		return $verdict;
	}

	/**
	 * What is said with a file. No person, address or file name, unless it is switched on.
	 *
	 * @param string $door Where it came in.
	 * @return array<string, string>
	 */
	private function about( $door ) {
		$about = array( 'route' => 'wordpress/' . $door );
		if ( '' !== $this->options->get( 'send_uploader' ) && get_current_user_id() ) {
			$about['uploader'] = hash( 'sha256', wp_salt( 'nonce' ) . '|' . get_current_user_id() );
		}
		return $about;
	}

	/**
	 * Remember a refusal, for the REST API's sake.
	 *
	 * @param string $code        For programs.
	 * @param string $message     For people.
	 * @param int    $status      The HTTP status.
	 * @param string $case_number The case, where there is one.
	 * @return string The message.
	 */
	private function refuse( $code, $message, $status, $case_number ) {
		$this->refusal = array(
			'code'    => $code,
			'message' => $message,
			'status'  => $status,
			'case'    => $case_number,
		);
		return $message;
	}
}
