<?php
/**
 * Images that came with WordPress, a theme or a plugin.
 *
 * @package Upload_Guard
 */

// phpcs:disable WordPress.WP.AlternativeFunctions -- A local file that an administrator names.

/**
 * Offers them to the site's own bank of known-good files, by SHA-256 only. Whether one is taken is the sidecar's to say.
 */
final class Upload_Guard_Known_Good {

	const IMAGES = array( 'jpg', 'jpeg', 'png', 'gif', 'webp', 'avif', 'bmp', 'ico', 'svg' );

	/**
	 * The images of WordPress itself that are what WordPress.org published.
	 *
	 * @param string $file JSON with checksums; empty: WordPress.org is asked.
	 * @return array<int, array<string, string>>|WP_Error
	 */
	public function core( $file = '' ) {
		$checksums = $this->checksums( $file );
		if ( ! is_array( $checksums ) || ! $checksums ) {
			return new WP_Error( 'upload_guard_no_checksums', __( 'There are no checksums of this version of WordPress.', 'upload-guard' ) );
		}
		$rows = array();
		foreach ( $checksums as $name => $md5 ) {
			$path = ABSPATH . $name;
			// Bundled themes and plugins have checksums too; whoever updates them apart names them.
			if ( 0 === strpos( $name, 'wp-content/' ) || ! self::is_image( $name ) || ! is_file( $path ) || md5_file( $path ) !== $md5 ) {
				continue;
			}
			$rows[] = self::row( $name, $path );
		}
		return $rows;
	}

	/**
	 * The images of one theme or plugin.
	 *
	 * @param string $root The folder of all themes, or of all plugins.
	 * @param string $name Its folder's name.
	 * @return array<int, array<string, string>>|WP_Error
	 */
	public function folder( $root, $name ) {
		$folder = realpath( $root . '/' . $name );
		if ( '' === $name || ! $folder || dirname( $folder ) !== realpath( $root ) ) {
			/* translators: %s: name of a theme or plugin. */
			return new WP_Error( 'upload_guard_no_folder', sprintf( __( 'There is no theme or plugin called %s.', 'upload-guard' ), $name ) );
		}
		$rows  = array();
		$files = new RecursiveIteratorIterator( new RecursiveDirectoryIterator( $folder, FilesystemIterator::SKIP_DOTS ) );
		foreach ( $files as $one ) {
			if ( $one->isFile() && ! $one->isLink() && self::is_image( $one->getFilename() ) ) {
				$rows[] = self::row( $name . substr( $one->getPathname(), strlen( $folder ) ), $one->getPathname() );
			}
		}
		usort(
			$rows,
			static function ( $a, $b ) {
				return strcmp( $a['name'], $b['name'] );
			}
		);
		return $rows;
	}

	/**
	 * Copy images into a folder, under their names.
	 *
	 * @param array<int, array<string, string>> $rows   Of the functions above.
	 * @param string                            $folder Where to; it must not be there yet.
	 * @return string What went wrong, if so.
	 */
	public function copy_into( array $rows, $folder ) {
		if ( file_exists( $folder ) ) {
			/* translators: %s: path of a folder. */
			return sprintf( __( '%s is there already: name a new folder.', 'upload-guard' ), $folder );
		}
		foreach ( $rows as $row ) {
			$to = $folder . '/' . $row['name'];
			if ( ! wp_mkdir_p( dirname( $to ) ) || ! copy( $row['path'], $to ) ) {
				/* translators: %s: path of a file. */
				return sprintf( __( '%s could not be copied.', 'upload-guard' ), $row['path'] );
			}
		}
		return '';
	}

	/**
	 * MD5 by path, as WordPress.org publishes them.
	 *
	 * @param string $file JSON with checksums; empty: WordPress.org is asked.
	 * @return mixed
	 */
	private function checksums( $file ) {
		if ( '' !== $file ) {
			$read = is_readable( $file ) ? json_decode( file_get_contents( $file ), true ) : null;
			return isset( $read['checksums'] ) ? $read['checksums'] : $read;
		}
		require_once ABSPATH . 'wp-admin/includes/update.php';
		return get_core_checksums( get_bloginfo( 'version' ), 'en_US' );
	}

	/**
	 * Whether a name is an image's.
	 *
	 * @param string $name A file name.
	 * @return bool
	 */
	private static function is_image( $name ) {
		return in_array( strtolower( pathinfo( $name, PATHINFO_EXTENSION ) ), self::IMAGES, true );
	}

	/**
	 * A line of the export.
	 *
	 * @param string $name What it is called.
	 * @param string $path Where it lies.
	 * @return array<string, string>
	 */
	private static function row( $name, $path ) {
		return array(
			'name'   => $name,
			'path'   => $path,
			'sha256' => (string) hash_file( 'sha256', $path ),
		);
	}
}
