<?php
/**
 * A file that is to be checked.
 *
 * @package Upload_Guard
 */

// Reads by streams of PHP's own: a WP_Filesystem would hold whole files in memory, and the host's file runs without WordPress.
// phpcs:disable WordPress.WP.AlternativeFunctions, WordPress.PHP.NoSilencedErrors

/**
 * A path (php://input too) with its size and SHA-256; read in pieces.
 */
final class Upload_Guard_File {

	const CHUNK = 131072;

	/**
	 * Where it lies.
	 *
	 * @var string
	 */
	public $path;

	/**
	 * In bytes.
	 *
	 * @var int
	 */
	public $size;

	/**
	 * In lower-case hex digits.
	 *
	 * @var string
	 */
	public $sha256;

	/**
	 * Made by `read` only.
	 *
	 * @param string $path   See the field.
	 * @param int    $size   See the field.
	 * @param string $sha256 See the field.
	 */
	private function __construct( $path, $size, $sha256 ) {
		$this->path   = $path;
		$this->size   = $size;
		$this->sha256 = $sha256;
	}

	/**
	 * Read it through once.
	 *
	 * @param string $path Where it lies.
	 * @return self|null Null where it cannot be read.
	 */
	public static function read( $path ) {
		$found = self::digest( $path, array( 'sha256' ) );
		return $found ? new self( $path, $found['size'], $found['sha256'] ) : null;
	}

	/**
	 * All digests that a list may have of it: a reading of its own, since most layers need SHA-256 alone, to remember by.
	 *
	 * @return array<string, string|int> SHA-256, SHA-1 and MD5 in lower-case hex digits, and size.
	 */
	public function digests() {
		$found = self::digest( $this->path, array( 'sha1', 'md5' ) );
		$known = array(
			'sha256' => $this->sha256,
			'size'   => $this->size,
		);
		return $found ? $known + $found : $known;
	}

	/**
	 * Open it for reading from its start.
	 *
	 * @return resource|false
	 */
	public function open() {
		return @fopen( $this->path, 'rb' );
	}

	/**
	 * Read a file once for several digests.
	 *
	 * @param string             $path       Where it lies.
	 * @param array<int, string> $algorithms Names that hash_init knows.
	 * @return array<string, string|int>|null Digests and size, or null where it cannot be read.
	 */
	private static function digest( $path, array $algorithms ) {
		$stream = @fopen( $path, 'rb' );
		if ( ! $stream ) {
			return null;
		}
		$hashes = array_combine( $algorithms, array_map( 'hash_init', $algorithms ) );
		$size   = 0;
		while ( ! feof( $stream ) ) {
			$chunk = @fread( $stream, self::CHUNK );
			if ( false === $chunk ) {
				fclose( $stream );
				return null;
			}
			$size += strlen( $chunk );
			foreach ( $hashes as $hash ) {
				hash_update( $hash, $chunk );
			}
		}
		fclose( $stream );
		return array_map( 'hash_final', $hashes ) + array( 'size' => $size );
	}
}
