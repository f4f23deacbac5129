<?php
/**
 * For auto_prepend_file: checks uploads of every PHP application of a host, before the application runs.
 *
 * Runs in every request, so it does next to nothing where there is nothing to check. docs/hosts.md tells how it is
 * set up, and what it does not catch. PHP 7.0 and later; older ones pass by.
 *
 * @package Upload_Guard
 */

// WordPress adopts hooks that are there before it (WP_Hook::build_preinitialized_hooks): the plugin is then loaded
// from here, with nothing in the customer's folder. One constant array, which opcache keeps ready.
// phpcs:disable WordPress.Variables, WordPress.WP.GlobalVariablesOverride
$GLOBALS['wp_filter'] = array(
	'muplugins_loaded' => array(
		1 => array(
			'upload_guard' => array(
				'function'      => 'upload_guard_host_load_plugin',
				'accepted_args' => 0,
			),
		),
	),
);
// phpcs:enable

// phpcs:ignore WordPress.Security -- A type is compared, and nothing is made of it.
if ( $_FILES || ( ! empty( $_SERVER['CONTENT_TYPE'] ) && preg_match( '#^\s*(?:image/|video/|application/(?:octet-stream|zip|pdf)\b)#i', $_SERVER['CONTENT_TYPE'] ) ) ) {
	if ( PHP_VERSION_ID >= 70000 ) {
		require_once __DIR__ . '/inspect.php';
		upload_guard_host_inspect();
	}
}

/**
 * Load the plugin into a WordPress that has just loaded its must-use plugins.
 */
function upload_guard_host_load_plugin() {
	// Not into one that is being installed, nor into one that is older than what the plugin was tried with.
	if ( PHP_VERSION_ID < 70400 || version_compare( $GLOBALS['wp_version'], '6.1', '<' ) || wp_installing() ) {
		return;
	}
	try {
		require_once __DIR__ . '/inspect.php';
		upload_guard_host_constants();
		require_once dirname( __DIR__ ) . '/upload-guard.php';
	} catch ( Throwable $fault ) {
		// The customer's site comes first; what is in $_FILES was checked already.
		if ( function_exists( 'error_log' ) ) {
			error_log( 'upload_guard: the plugin could not be loaded: ' . $fault->getMessage() ); // phpcs:ignore WordPress.PHP.DevelopmentFunctions
		}
	}
}

// The customer's own file, which php_admin_value keeps PHP from running. What a web server passes on could come from a
// request: only what the process's own environment names is run.
if ( isset( $_SERVER['UPLOAD_GUARD_CHAIN'] ) && function_exists( 'getenv' ) && false !== getenv( 'UPLOAD_GUARD_CHAIN', true ) ) {
	require getenv( 'UPLOAD_GUARD_CHAIN', true );
}
