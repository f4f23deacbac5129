<?php
/**
 * Finds the classes of this folder.
 *
 * @package Upload_Guard
 */

spl_autoload_register(
	static function ( $name ) {
		if ( 0 !== strncmp( $name, 'Upload_Guard_', 13 ) ) {
			return;
		}
		$file = __DIR__ . '/class-' . str_replace( '_', '-', strtolower( $name ) ) . '.php';
		if ( is_file( $file ) ) {
			require_once $file;
		}
	}
);
