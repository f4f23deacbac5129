<?php
/**
 * The body of a request to the sidecar.
 *
 * @package Upload_Guard
 */

/**
 * A short text, or a file that is streamed.
 */
final class Upload_Guard_Body {

	/**
	 * Its media type.
	 *
	 * @var string
	 */
	public $type;

	/**
	 * The text; empty where it is a file.
	 *
	 * @var string
	 */
	public $text;

	/**
	 * The file, or null where it is a text.
	 *
	 * @var Upload_Guard_File|null
	 */
	public $file;

	/**
	 * Made by the functions below only.
	 *
	 * @param string                 $type See the field.
	 * @param string                 $text See the field.
	 * @param Upload_Guard_File|null $file See the field.
	 */
	private function __construct( $type, $text, $file ) {
		$this->type = $type;
		$this->text = $text;
		$this->file = $file;
	}

	/**
	 * No body.
	 *
	 * @return self
	 */
	public static function none() {
		return new self( '', '', null );
	}

	/**
	 * A JSON object.
	 *
	 * @param array<string, mixed> $fields Its fields.
	 * @return self
	 */
	public static function json( array $fields ) {
		// phpcs:ignore WordPress.WP.AlternativeFunctions.json_encode_json_encode -- The host's file runs without WordPress.
		return new self( 'application/json', (string) json_encode( $fields ), null );
	}

	/**
	 * A file.
	 *
	 * @param Upload_Guard_File $file The file.
	 * @return self
	 */
	public static function file( Upload_Guard_File $file ) {
		return new self( 'application/octet-stream', '', $file );
	}

	/**
	 * SHA-256 in lower-case hex digits.
	 *
	 * @return string
	 */
	public function digest() {
		return $this->file ? $this->file->sha256 : hash( 'sha256', $this->text );
	}

	/**
	 * In bytes.
	 *
	 * @return int
	 */
	public function size() {
		return $this->file ? $this->file->size : strlen( $this->text );
	}
}
