<?php
/**
 * An HTTP answer, or why there was none.
 *
 * @package Upload_Guard
 */

/**
 * What a transport brings back. Status 0: no answer came.
 */
final class Upload_Guard_Answer {

	/**
	 * The HTTP status.
	 *
	 * @var int
	 */
	public $status;

	/**
	 * The fields of the JSON object it held, or null where it held none.
	 *
	 * @var array<string, mixed>|null
	 */
	public $fields;

	/**
	 * Why no answer came: unreachable or timeout.
	 *
	 * @var string
	 */
	public $fault;

	/**
	 * Made by the functions below only.
	 *
	 * @param int                       $status See the field.
	 * @param array<string, mixed>|null $fields See the field.
	 * @param string                    $fault  See the field.
	 */
	private function __construct( $status, $fields, $fault ) {
		$this->status = $status;
		$this->fields = $fields;
		$this->fault  = $fault;
	}

	/**
	 * An answer that came whole.
	 *
	 * @param int    $status The HTTP status.
	 * @param string $type   Its Content-Type.
	 * @param string $body   Its body.
	 * @return self
	 */
	public static function of( $status, $type, $body ) {
		$fields = 0 === strncasecmp( $type, 'application/json', 16 ) ? json_decode( $body, true ) : null;
		return new self( (int) $status, is_array( $fields ) ? $fields : null, '' );
	}

	/**
	 * No answer.
	 *
	 * @param string $fault Why.
	 * @return self
	 */
	public static function none( $fault ) {
		return new self( 0, null, $fault );
	}

	/**
	 * A field that is a text, or an empty text.
	 *
	 * @param string $name The field's name.
	 * @return string
	 */
	public function text( $name ) {
		return isset( $this->fields[ $name ] ) && is_string( $this->fields[ $name ] ) ? $this->fields[ $name ] : '';
	}
}
