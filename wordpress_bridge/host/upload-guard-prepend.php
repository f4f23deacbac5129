<?php
/**
 * For auto_prepend_file: checks uploads of every PHP application of a host, before the application runs.
 *
 * Runs in every request, so it does next to nothing where there is nothing to check, and calls nothing. docs/hosts.md
 * tells how it is set up, and what it does not catch. PHP 7.0 and later; older ones pass by.
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

// phpcs:ignore WordPress.Security -- Whether there is anything is asked, and nothing is made of it.
if ( $_FILES || ! empty( $_SERVER['CONTENT_TYPE'] ) || ! empty( $_SERVER['UPLOAD_GUARD_CHAIN'] ) ) {
	require __DIR__ . '/request.php';
}

/**
 * Load the plugin into a WordPress that has just loaded its must-use plugins.
 */
function upload_guard_host_load_plugin() {
	// Not into one that is being installed, nor into one that is older than what the plugin was tried with.
	if ( PHP_VERSION_ID >= 70400 && version_compare( $GLOBALS['wp_version'], '6.1', '>=' ) && ! wp_installing() ) {
		require_once __DIR__ . '/inspect.php';
		upload_guard_host_start_plugin();
	}
}
