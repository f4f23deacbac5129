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
	 * What names a file in an attachment's metadata. WordPress 7.1 keeps beside a picture what its browser was given
	 * (such as HEIC), and a film that it made of a GIF.
	 */
	const NAMES = array( 'file', 'original_image', 'thumb', 'source_image', 'animated_video', 'animated_video_poster' );

	/**
	 * Names of what a browser has sent to an attachment and not yet made known as a size.
	 */
	const SIDELOADED = '_wp_sideloaded_file';

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
	 * The folders that a file lies in, up to the uploads folder.
	 *
	 * @param string $path Where it lies.
	 * @return array<string, int> Their numbers in the file system by their paths, the nearest first; 0: there is none.
	 */
	public static function folders_above( $path ) {
		$base    = wp_get_upload_dir()['basedir'];
		$folders = array();
		do {
			$path             = dirname( $path );
			$folders[ $path ] = is_dir( $path ) ? (int) fileinode( $path ) : 0;
		} while ( 0 === strpos( $path, trailingslashit( $base ) ) && dirname( $path ) !== $path );
		return $folders;
	}

	/**
	 * Whether a file that is missing was removed, or the disk that it lies on is not mounted: a folder that stands in for
	 * it has another number, as has one that was made there since.
	 *
	 * @param string             $path    Where it lay.
	 * @param array<string, int> $folders As folders_above() gave them then; empty where nobody kept them.
	 * @return bool
	 */
	public static function was_removed( $path, array $folders ) {
		clearstatcache();
		// What was not there then, or has no number, tells nothing.
		$folders = array_filter( $folders );
		if ( ! $folders ) {
			return is_dir( dirname( $path ) ) && count( (array) scandir( dirname( $path ) ) ) > 2;
		}
		foreach ( $folders as $folder => $number ) {
			if ( is_dir( $folder ) ) {
				return (int) fileinode( $folder ) === $number;
			}
		}
		return false;
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
		$names = array_merge( $names, array_filter( get_post_meta( $attachment_id, self::SIDELOADED ), 'is_string' ) );
		return self::there( $main, $names );
	}

	/**
	 * What was uploaded of an attachment, and what is shown first, where they are there.
	 *
	 * @param int $attachment_id The attachment.
	 * @return array<int, string>
	 */
	public static function main_files_of( $attachment_id ) {
		$main = get_attached_file( $attachment_id, true );
		if ( ! is_string( $main ) || '' === $main ) {
			return array();
		}
		$metadata = get_post_meta( $attachment_id, '_wp_attachment_metadata', true );
		$names    = array_intersect_key( is_array( $metadata ) ? $metadata : array(), array_flip( array( 'original_image', 'source_image', 'animated_video' ) ) );
		return self::there( $main, array_filter( $names, 'is_string' ) );
	}

	/**
	 * What plugins make of pictures and tell WordPress nothing of: the same in a smaller format, whose name has another
	 * ending, or one more. Servers show it in the picture's place.
	 *
	 * @param array<int, string> $paths Where the pictures lie.
	 * @return array<int, string> Without what is an attachment, or a size of one.
	 */
	public static function other_formats_of( array $paths ) {
		$found = array();
		foreach ( $paths as $path ) {
			foreach ( array( '.webp', '.avif' ) as $ending ) {
				$found[] = $path . $ending;
				$found[] = preg_replace( '/\.[^.\/]*$/', $ending, $path );
			}
		}
		return array_filter(
			array_unique( $found ),
			static function ( $path ) {
				return is_file( $path ) && ! self::attachment_of_size( $path );
			}
		);
	}

	/**
	 * Files beside one another that are there.
	 *
	 * @param string                    $main  Where one lies.
	 * @param array<int|string, string> $names Names of others.
	 * @return array<int, string>
	 */
	private static function there( $main, array $names ) {
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
			} elseif ( is_string( $value ) && in_array( $key, self::NAMES, true ) ) {
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
		$name = self::name_at( $url );
		if ( '' === $name ) {
			return 0;
		}
		return self::attachment_of_size( wp_get_upload_dir()['basedir'] . '/' . $name );
	}

	/**
	 * The attachment that a file is of, in whatever size, by its name.
	 *
	 * @param string $path Where it lies.
	 * @return int 0: none.
	 */
	private static function attachment_of_size( $path ) {
		$names = array( $path );
		$whole = preg_replace( '/(?:-\d+x\d+|-scaled|-rotated)(?=\.[A-Za-z0-9]+$)/', '', $path );
		foreach ( array( '', '-scaled', '-rotated' ) as $part ) {
			$names[] = preg_replace( '/(?=\.[A-Za-z0-9]+$)/', $part, $whole );
		}
		foreach ( array_unique( $names ) as $one ) {
			$id = self::attachment_of( $one );
			if ( $id ) {
				return $id;
			}
		}
		return 0;
	}

	/**
	 * Which file of the uploads folder an address shows.
	 *
	 * @param string $url The address.
	 * @return string Its path below that folder; empty where it shows none.
	 */
	private static function name_at( $url ) {
		$asked = wp_parse_url( $url );
		if ( ! is_array( $asked ) || ! isset( $asked['host'], $asked['path'] ) ) {
			return '';
		}
		$path = rawurldecode( $asked['path'] );
		foreach ( self::addresses() as $address ) {
			$base   = wp_parse_url( $address );
			$folder = trailingslashit( isset( $base['path'] ) ? $base['path'] : '' );
			if ( strtolower( $asked['host'] ) === strtolower( $base['host'] ) && 0 === strpos( $path, $folder ) && false === strpos( $path, '..' ) ) {
				return substr( $path, strlen( $folder ) );
			}
		}
		return '';
	}

	/**
	 * Where the uploads folder of this site is shown.
	 *
	 * @return array<int, string> Addresses.
	 */
	private static function addresses() {
		$address = wp_get_upload_dir()['baseurl'];
		if ( ! is_multisite() || 0 !== strpos( $address, WP_CONTENT_URL ) ) {
			return array( $address );
		}
		// The constant is made for the site that this request came to; visitors see the other one's own.
		return array( $address, get_option( 'siteurl' ) . '/wp-content' . substr( $address, strlen( WP_CONTENT_URL ) ) );
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
