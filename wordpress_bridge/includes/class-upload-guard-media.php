<?php
/**
 * The files of the media library.
 *
 * @package Upload_Guard
 */

/**
 * Which files belong to which attachment, and which to nobody but WordPress, themes and plugins.
 */
final class Upload_Guard_Media {

	/**
	 * Whether a path is in the uploads folder: all else belongs to WordPress, a theme or a plugin, and is never moved.
	 *
	 * @param string $path Where it lies.
	 * @return bool
	 */
	public static function is_upload( $path ) {
		$folder = wp_get_upload_dir();
		$base   = realpath( $folder['basedir'] );
		$real   = realpath( $path );
		return $base && $real && 0 === strpos( $real, trailingslashit( $base ) );
	}

	/**
	 * Every file of an attachment that is there: the original, what is shown, all sizes, backups of edits.
	 *
	 * @param int $attachment_id The attachment.
	 * @return array<int, string>
	 */
	public static function files_of( $attachment_id ) {
		$main = get_attached_file( $attachment_id, true );
		if ( ! is_string( $main ) || '' === $main ) {
			return array();
		}
		$names = array();
		foreach ( array( '_wp_attachment_metadata', '_wp_attachment_backup_sizes' ) as $key ) {
			$names = array_merge( $names, self::names_in( get_post_meta( $attachment_id, $key, true ) ) );
		}
		$paths = array( $main );
		foreach ( $names as $name ) {
			$paths[] = dirname( $main ) . '/' . wp_basename( $name );
		}
		return array_values( array_filter( array_unique( $paths ), 'is_file' ) );
	}

	/**
	 * File names anywhere in an attachment's metadata; plugins add sizes and formats of their own.
	 *
	 * @param mixed $metadata The metadata, or a part of it.
	 * @return array<int, string>
	 */
	private static function names_in( $metadata ) {
		$names = array();
		foreach ( is_array( $metadata ) ? $metadata : array() as $key => $value ) {
			if ( is_array( $value ) ) {
				$names = array_merge( $names, self::names_in( $value ) );
			} elseif ( is_string( $value ) && in_array( $key, array( 'file', 'original_image' ), true ) ) {
				$names[] = $value;
			}
		}
		return $names;
	}

	/**
	 * The attachment that an address of this site shows, in whatever size.
	 *
	 * @param string $url The address; whatever it asks beside its path does not matter.
	 * @return int 0: none.
	 */
	public static function attachment_at( $url ) {
		$base  = wp_parse_url( wp_get_upload_dir()['baseurl'] );
		$asked = wp_parse_url( $url );
		if ( ! is_array( $asked ) || ! isset( $asked['host'], $asked['path'] ) || strtolower( $asked['host'] ) !== strtolower( $base['host'] ) ) {
			return 0;
		}
		$folder = trailingslashit( isset( $base['path'] ) ? $base['path'] : '' );
		$path   = rawurldecode( $asked['path'] );
		if ( 0 !== strpos( $path, $folder ) || false !== strpos( $path, '..' ) ) {
			return 0;
		}
		$name  = substr( $path, strlen( $folder ) );
		$whole = preg_replace( '/(?:-\d+x\d+|-scaled|-rotated)(?=\.[A-Za-z0-9]+$)/', '', $name );
		foreach ( array_unique( array( $name, $whole, preg_replace( '/(?=\.[A-Za-z0-9]+$)/', '-scaled', $whole ) ) ) as $one ) {
			$id = self::attachment_of( wp_get_upload_dir()['basedir'] . '/' . $one );
			if ( $id ) {
				return $id;
			}
		}
		return 0;
	}

	/**
	 * The attachment whose file lies at a path.
	 *
	 * @param string $path Where it lies.
	 * @return int 0: none.
	 */
	public static function attachment_of( $path ) {
		global $wpdb;
		// phpcs:ignore WordPress.DB.DirectDatabaseQuery -- There is no search by the attached file.
		return (int) $wpdb->get_var( $wpdb->prepare( "SELECT post_id FROM {$wpdb->postmeta} WHERE meta_key = '_wp_attached_file' AND meta_value = %s LIMIT 1", _wp_relative_upload_path( $path ) ) );
	}
}
