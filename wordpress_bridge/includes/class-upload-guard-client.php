<?php
/**
 * Asks the sidecar's bridge API.
 *
 * @package Upload_Guard
 */

/**
 * Hashes first, then the file where it is wanted. Strict: whatever is not a verdict is unknown.
 */
final class Upload_Guard_Client {

	const RESULTS = array( 'clean', 'match', 'near', 'disputed', 'unscannable', 'unchecked' );

	/**
	 * The form of an id by which an upload is remembered.
	 */
	const UPLOAD = '/^[0-9a-f]{32}$/D';

	/**
	 * The form of a case's number.
	 */
	const CASE_NUMBER = '/^[0-9A-Z-]{4,32}$/D';

	/**
	 * Sends requests: a function of method, target, headers and body that gives an Upload_Guard_Answer.
	 *
	 * @var Upload_Guard_Socket|Upload_Guard_Http
	 */
	private $transport;

	/**
	 * Address and key.
	 *
	 * @var Upload_Guard_Access
	 */
	private $access;

	/**
	 * What an uploader is told things in, such as "nl".
	 *
	 * @var string
	 */
	private $language;

	/**
	 * Gives the largest file that the sidecar takes, in bytes, as far as it is known.
	 *
	 * @var callable
	 */
	private $largest;

	/**
	 * One client for one request of PHP.
	 *
	 * @param Upload_Guard_Socket|Upload_Guard_Http $transport See the field.
	 * @param Upload_Guard_Access                   $access    See the field.
	 * @param string                                $language  See the field.
	 * @param callable                              $largest   See the field. Asked when there is a file to send.
	 */
	public function __construct( $transport, Upload_Guard_Access $access, $language, callable $largest ) {
		$this->transport = $transport;
		$this->access    = $access;
		$this->language  = $language;
		$this->largest   = $largest;
	}

	/**
	 * The verdict on a file.
	 *
	 * @param Upload_Guard_File     $file  The file.
	 * @param array<string, string> $about What is said with it: route, and uploader where that is switched on.
	 * @return Upload_Guard_Verdict
	 */
	public function check( Upload_Guard_File $file, array $about ) {
		if ( ! $this->access->is_complete() ) {
			return Upload_Guard_Verdict::unknown( 'not_configured' );
		}
		$answer = $this->ask( 'POST', '/bridge/v1/hash', array(), Upload_Guard_Body::json( $file->digests() ) );
		if ( 'need_file' !== $answer->text( 'answer' ) ) {
			return $this->verdict( $answer, $file );
		}
		$sent = $file->size > call_user_func( $this->largest ) ? Upload_Guard_Verdict::unknown( 'too_large' ) : $this->scan( $file, $about );
		if ( $sent->is_unknown() && 'refuse' === $answer->text( 'if_unsent' ) ) {
			return Upload_Guard_Verdict::refused( 'match', '', $answer->text( 'message' ) );
		}
		return $sent;
	}

	/**
	 * By what a verdict is remembered: content, and who was asked. A site may have a sidecar of its own beside its host's.
	 *
	 * @param Upload_Guard_File $file The file.
	 * @return string
	 */
	public function name_of( Upload_Guard_File $file ) {
		return $file->sha256 . '|' . $this->access->key_id . '|' . $this->access->url;
	}

	/**
	 * What the sidecar wants a site to know; null where it does not say.
	 *
	 * @return Upload_Guard_Answer
	 */
	public function config() {
		return $this->ask( 'GET', '/bridge/v1/config', array(), Upload_Guard_Body::none() );
	}

	/**
	 * Tell what became of a file that was refused after it had passed.
	 *
	 * @param string $case_number The case.
	 * @param string $outcome     One of removed, hidden, kept, gone, failed.
	 * @param string $reference   The site's own name for it.
	 * @return bool Whether the sidecar has noted it.
	 */
	public function tell( $case_number, $outcome, $reference ) {
		$fields = array(
			'case'      => $case_number,
			'outcome'   => $outcome,
			'reference' => $reference,
		);
		return 200 === $this->ask( 'POST', '/bridge/v1/late-outcome', array(), Upload_Guard_Body::json( $fields ) )->status;
	}

	/**
	 * Tell where an upload went that had passed, should a list know it one day.
	 *
	 * @param string $upload Its id, of a verdict.
	 * @param string $place  A locator, or the site's own name for it.
	 * @return Upload_Guard_Answer
	 */
	public function tell_place( $upload, $place ) {
		return $this->ask( 'POST', "/v1/uploads/{$upload}/place", array(), Upload_Guard_Body::json( array( 'place' => $place ) ) );
	}

	/**
	 * Where a case of this site stands.
	 *
	 * @param string $case_number The case.
	 * @return string Such as open or released; empty where the sidecar does not say.
	 */
	public function state_of( $case_number ) {
		$answer = $this->ask( 'GET', "/v1/cases/{$case_number}", array(), Upload_Guard_Body::none() );
		return 200 === $answer->status ? $answer->text( 'state' ) : '';
	}

	/**
	 * Why an answer is no verdict.
	 *
	 * @param Upload_Guard_Answer $answer The answer.
	 * @return string A code.
	 */
	public static function fault_of( Upload_Guard_Answer $answer ) {
		if ( 0 === $answer->status ) {
			return $answer->fault;
		}
		if ( 200 === $answer->status ) {
			return 'bad_answer';
		}
		if ( 413 === $answer->status ) {
			// A proxy before the sidecar says it in HTML: it is the file all the same, and not the sidecar's health.
			return 'body_too_large';
		}
		$code = $answer->text( 'code' );
		return preg_match( '/^[a-z_]{1,40}$/', $code ) ? $code : 'status_' . $answer->status;
	}

	/**
	 * Send the file.
	 *
	 * @param Upload_Guard_File     $file  The file.
	 * @param array<string, string> $about What is said with it.
	 * @return Upload_Guard_Verdict
	 */
	private function scan( Upload_Guard_File $file, array $about ) {
		$answer = $this->ask( 'POST', '/bridge/v1/scan', $about, Upload_Guard_Body::file( $file ) );
		// It has just answered to the hashes: this file takes it too long, and that says nothing of the next one.
		return 'timeout' === $answer->fault ? Upload_Guard_Verdict::unknown( 'slow_file' ) : $this->verdict( $answer, $file );
	}

	/**
	 * Read an answer.
	 *
	 * @param Upload_Guard_Answer $answer The answer.
	 * @param Upload_Guard_File   $file   The file that was asked about.
	 * @return Upload_Guard_Verdict
	 */
	private function verdict( Upload_Guard_Answer $answer, Upload_Guard_File $file ) {
		$result = $answer->text( 'result' );
		if ( 200 !== $answer->status || ! in_array( $result, self::RESULTS, true ) ) {
			return Upload_Guard_Verdict::unknown( self::fault_of( $answer ) );
		}
		if ( 'allow' === $answer->text( 'answer' ) ) {
			$upload = $answer->text( 'upload' );
			return Upload_Guard_Verdict::allowed( $result, preg_match( self::UPLOAD, $upload ) ? $upload : '', $file->sha256 );
		}
		if ( 'refuse' === $answer->text( 'answer' ) ) {
			return Upload_Guard_Verdict::refused( $result, $answer->text( 'case' ), $answer->text( 'message' ) );
		}
		return Upload_Guard_Verdict::unknown( 'bad_answer' );
	}

	/**
	 * Send one signed request.
	 *
	 * @param string                $method The HTTP method.
	 * @param string                $path   Begins with a slash.
	 * @param array<string, string> $query  Names and values.
	 * @param Upload_Guard_Body     $body   What is sent.
	 * @return Upload_Guard_Answer
	 */
	private function ask( $method, $path, array $query, Upload_Guard_Body $body ) {
		$target  = $this->access->target( $path, $query );
		$headers = array(
			'Authorization'   => $this->access->authorization( $method, $target, $body->digest() ),
			'Accept'          => 'application/json',
			'Accept-Language' => $this->language,
		);
		if ( '' !== $body->type ) {
			$headers['Content-Type'] = $body->type;
		}
		return $this->transport->send( $method, $target, $headers, $body );
	}
}
