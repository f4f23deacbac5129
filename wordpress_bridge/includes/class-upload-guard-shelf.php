<?php
/**
 * The folder of the quarantine.
 *
 * @package Upload_Guard
 */

// Moves files as they are, with their rights and times, which WP_Filesystem cannot keep.
// phpcs:disable WordPress.WP.AlternativeFunctions, WordPress.PHP.NoSilencedErrors

/**
 * Where files are put away, and how they get there and back without being lost on the way.
 */
final class Upload_Guard_Shelf {

	const FOLDER = 'upload_guard_quarantine';

	/**
	 * The quarantine of this site: outside of what the server shows, where an administrator named such a folder.
	 *
	 * @return string
	 */
	public static function folder() {
		if ( defined( 'UPLOAD_GUARD_QUARANTINE_DIR' ) ) {
			$folder = untrailingslashit( UPLOAD_GUARD_QUARANTINE_DIR );
		} else {
			$name = get_option( self::FOLDER );
			if ( ! is_string( $name ) || '' === $name ) {
				// Nobody can ask for a file whose address nobody can guess, whatever the server makes of .htaccess.
				$name = 'upload-guard-' . bin2hex( random_bytes( 16 ) );
				add_option( self::FOLDER, $name, '', false );
			}
			$folder = WP_CONTENT_DIR . '/' . $name;
		}
		$folder .= is_multisite() ? '/' . get_current_blog_id() : '';
		if ( ! is_dir( $folder ) && wp_mkdir_p( $folder ) ) {
			@chmod( $folder, 0700 );
			@file_put_contents( $folder . '/.htaccess', "Require all denied\n" );
			@file_put_contents( $folder . '/index.php', "<?php\n// Silence is golden.\n" );
		}
		return $folder;
	}

	/**
	 * Move a file, to another file system too, never losing it: it is unlinked after its copy was read back.
	 *
	 * @param string $from   Where it lies.
	 * @param string $to     Where it goes.
	 * @param string $sha256 Its digest.
	 * @return bool
	 */
	public static function move( $from, $to, $sha256 ) {
		if ( file_exists( $to ) ) {
			return false;
		}
		if ( @rename( $from, $to ) ) {
			return true;
		}
		$part = $to . '.part';
		$time = (int) @filemtime( $from );
		if ( ! @copy( $from, $part ) || hash_file( 'sha256', $part ) !== $sha256 || ! @touch( $part, $time ) || ! @rename( $part, $to ) ) {
			@unlink( $part );
			return false;
		}
		if ( ! @unlink( $from ) ) {
			// What was there stays there; only the copy goes.
			@unlink( $to );
			return false;
		}
		return true;
	}

	/**
	 * Why a file cannot go back, if so.
	 *
	 * @param array<string, mixed> $file   Of a record.
	 * @param string               $folder The record's folder.
	 * @return string
	 */
	public static function fault_of_stored( array $file, $folder ) {
		$stored = $folder . '/' . $file['stored'];
		if ( is_file( $stored ) && file_exists( $file['path'] ) ) {
			/* translators: %s: path of a file. */
			return sprintf( __( '%s is there already: move it away first.', 'upload-guard' ), $file['path'] );
		}
		$there = is_file( $stored ) ? $stored : $file['path'];
		if ( ! is_file( $there ) || hash_file( 'sha256', $there ) !== $file['sha256'] ) {
			/* translators: %s: path of a file. */
			return sprintf( __( '%s is missing or was changed in the quarantine; nothing was moved.', 'upload-guard' ), $file['path'] );
		}
		return '';
	}
}
