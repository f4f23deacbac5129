<?php
/**
 * What upload-guard-prepend.php does where there is something to check.
 *
 * It runs in front of strangers' applications: it must never end one with an error of its own. Whatever fails here is
 * "nobody could check it", which the host's policy decides.
 *
 * @package Upload_Guard
 */

// There is no WordPress here.
// phpcs:disable WordPress.WP.AlternativeFunctions, WordPress.PHP.NoSilencedErrors, WordPress.Security, WordPress.XSS

require_once dirname( __DIR__ ) . '/includes/autoload.php';

/**
 * One setting of the pool, from the environment of the PHP process (env[] of php-fpm).
 *
 * @param string $name    Without its prefix.
 * @param string $default Where it is not set.
 * @return string
 */
function upload_guard_host_setting( $name, $default = '' ) {
	$value = function_exists( 'getenv' ) ? getenv( 'UPLOAD_GUARD_' . $name, true ) : false;
	return false === $value ? $default : $value;
}

/**
 * Tell the plugin what the host has chosen.
 */
function upload_guard_host_constants() {
	foreach ( array( 'URL', 'KEY_ID', 'SECRET', 'AUTHORITY', 'ON_FAILURE', 'TIMEOUT' ) as $name ) {
		if ( '' !== upload_guard_host_setting( $name ) && ! defined( 'UPLOAD_GUARD_' . $name ) ) {
			define( 'UPLOAD_GUARD_' . $name, upload_guard_host_setting( $name ) );
		}
	}
}

/**
 * Check every file of this request.
 */
function upload_guard_host_inspect() {
	// A warning of ours must neither be shown nor reach the application's own handler.
	set_error_handler( 'upload_guard_host_quiet' ); // phpcs:ignore WordPress.PHP.DevelopmentFunctions
	$host = new Upload_Guard_Host();
	$host->inspect();
	restore_error_handler();
	$host->answer();
}

/**
 * An error handler that says that all is well.
 *
 * @return bool
 */
function upload_guard_host_quiet() {
	return true;
}
