<?php
/**
 * A file that is to be checked.
 *
 * @package Upload_Guard
 */

// Reads by streams of PHP's own: a WP_Filesystem would hold whole files in memory, and the host's file runs without WordPress.
// phpcs:disable WordPress.WP.AlternativeFunctions, WordPress.PHP.NoSilencedErrors

/**
 * A path (php://input too) with its size and digests; read in pieces.
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
	 * Lower-case hex digits by algorithm: sha256, sha1, md5.
	 *
	 * @var array<string, string>
	 */
	public $digests;

	/**
	 * Made by `read` only.
	 *
	 * @param string                $path    See the field.
	 * @param int                   $size    See the field.
	 * @param array<string, string> $digests See the field.
	 */
	private function __construct( $path, $size, array $digests ) {
		$this->path    = $path;
		$this->size    = $size;
		$this->digests = $digests;
	}

	/**
	 * Read it through once.
	 *
	 * @param string $path Where it lies.
	 * @return self|null Null where it cannot be read.
	 */
	public static function read( $path ) {
		$stream = @fopen( $path, 'rb' );
		if ( ! $stream ) {
			return null;
		}
		$hashes = array(
			'sha256' => hash_init( 'sha256' ),
			'sha1'   => hash_init( 'sha1' ),
			'md5'    => hash_init( 'md5' ),
		);
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
		return new self( $path, $size, array_map( 'hash_final', $hashes ) );
	}

	/**
	 * Open it for reading from its start.
	 *
	 * @return resource|false
	 */
	public function open() {
		return @fopen( $this->path, 'rb' );
	}
}
