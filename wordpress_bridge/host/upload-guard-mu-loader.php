<?php
/**
 * Plugin Name: Upload Guard (loader)
 * Description: Loads Upload Guard from a folder that the host keeps. For wp-content/mu-plugins, whose folders WordPress does not load.
 *
 * @package Upload_Guard
 */

defined( 'ABSPATH' ) || exit;

if ( ! defined( 'UPLOAD_GUARD_DIR' ) ) {
	define( 'UPLOAD_GUARD_DIR', '/opt/upload-guard/wordpress_bridge' );
}
if ( is_readable( UPLOAD_GUARD_DIR . '/upload-guard.php' ) ) {
	require_once UPLOAD_GUARD_DIR . '/upload-guard.php';
}
