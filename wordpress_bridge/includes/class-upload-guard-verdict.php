<?php
/**
 * What the sidecar says of a file, or why it could not say it.
 *
 * @package Upload_Guard
 */

/**
 * An answer. "Allowed", "refused" and "unknown" never stand in for each other.
 */
final class Upload_Guard_Verdict {

	const ALLOWED = 'allowed';
	const REFUSED = 'refused';
	const UNKNOWN = 'unknown';

	/**
	 * Faults that lie in the file, and say nothing of the sidecar.
	 */
	const OF_THE_FILE = array( 'too_large', 'body_too_large', 'unreadable', 'slow_file' );

	/**
	 * One of the constants above.
	 *
	 * @var string
	 */
	public $kind;

	/**
	 * The sidecar's own word: clean, match, near, disputed, unscannable or unchecked. Empty where unknown.
	 *
	 * @var string
	 */
	public $result;

	/**
	 * Number of the case of a refused file. Empty where nothing was kept.
	 *
	 * @var string
	 */
	public $case_number;

	/**
	 * The sidecar's sentence for the uploader, in the language that was asked for.
	 *
	 * @var string
	 */
	public $message;

	/**
	 * Why it is unknown: not_configured, unreachable, timeout, slow_file, bad_answer, too_large, a code of the sidecar's.
	 *
	 * @var string
	 */
	public $fault;

	/**
	 * By which id the sidecar remembers an allowed upload, to be told where it went. Empty: it does not.
	 *
	 * @var string
	 */
	public $upload = '';

	/**
	 * SHA-256 of an allowed file, in lower-case hex digits; empty where nobody has said.
	 *
	 * @var string
	 */
	public $sha256 = '';

	/**
	 * Made by the functions below only.
	 *
	 * @param string $kind        See the field.
	 * @param string $result      See the field.
	 * @param string $case_number See the field.
	 * @param string $message     See the field.
	 * @param string $fault       See the field.
	 */
	private function __construct( $kind, $result, $case_number, $message, $fault ) {
		$this->kind        = $kind;
		$this->result      = $result;
		$this->case_number = $case_number;
		$this->message     = $message;
		$this->fault       = $fault;
	}

	/**
	 * The file may pass. With the result "unchecked" there was nothing to compare it with.
	 *
	 * @param string $result The sidecar's word.
	 * @param string $upload See the field.
	 * @param string $sha256 See the field.
	 * @return self
	 */
	public static function allowed( $result, $upload = '', $sha256 = '' ) {
		$allowed = new self( self::ALLOWED, $result, '', '', '' );

		$allowed->upload = $upload;
		$allowed->sha256 = $sha256;
		return $allowed;
	}

	/**
	 * The file may not pass.
	 *
	 * @param string $result      The sidecar's word.
	 * @param string $case_number The case, where there is one.
	 * @param string $message     The sentence for the uploader.
	 * @return self
	 */
	public static function refused( $result, $case_number, $message ) {
		return new self( self::REFUSED, $result, $case_number, $message, '' );
	}

	/**
	 * There is no verdict: what passes now is for the failure policy to say.
	 *
	 * @param string $fault Why.
	 * @return self
	 */
	public static function unknown( $fault ) {
		return new self( self::UNKNOWN, '', '', '', $fault );
	}

	/**
	 * Whether the sidecar refused it.
	 *
	 * @return bool
	 */
	public function is_refused() {
		return self::REFUSED === $this->kind;
	}

	/**
	 * Whether nobody has looked at the file.
	 *
	 * @return bool
	 */
	public function is_unknown() {
		return self::UNKNOWN === $this->kind;
	}

	/**
	 * Whether the fault lies in the file.
	 *
	 * @return bool
	 */
	public function is_of_the_file() {
		return in_array( $this->fault, self::OF_THE_FILE, true );
	}

	/**
	 * Why nobody has compared the file with anything; empty where somebody has.
	 *
	 * @return string
	 */
	public function why_unchecked() {
		return self::ALLOWED === $this->kind && 'unchecked' === $this->result ? 'unchecked' : $this->fault;
	}

	/**
	 * Whether it may pass, or might, and nobody knows what it is: that is not "clean".
	 *
	 * @return bool
	 */
	public function is_unseen() {
		return '' !== $this->why_unchecked() || ( ! $this->is_refused() && 'unscannable' === $this->result );
	}
}
