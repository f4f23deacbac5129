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
 * Whether an upload is refused when nobody could check it. Whoever wrote "Closed" did not mean "open".
 *
 * @return bool
 */
function upload_guard_host_fails_closed() {
	$chosen = upload_guard_host_setting( 'ON_FAILURE' );
	if ( ! function_exists( 'getenv' ) && isset( $_SERVER['UPLOAD_GUARD_ON_FAILURE'] ) ) {
		// No setting can be read then, so nothing is checked. What a web server passes on may be stricter, never looser.
		$chosen = (string) $_SERVER['UPLOAD_GUARD_ON_FAILURE'];
	}
	return ! in_array( strtolower( trim( $chosen ) ), array( '', 'open' ), true );
}

/**
 * The customer's own prepend file, where there is one that can be read. What a web server passes on could come from a
 * request: only what the process's own environment names is run.
 *
 * @return string Its path; empty: none.
 */
function upload_guard_host_chain() {
	$named = upload_guard_host_setting( 'CHAIN' );
	if ( '' === $named ) {
		return '';
	}
	$found = @stream_resolve_include_path( $named );
	if ( false === $found ) {
		// PHP would end every request of the site.
		upload_guard_host_log( 'UPLOAD_GUARD_CHAIN names a file that cannot be read: ' . $named );
		return '';
	}
	return $found;
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
 * Start the plugin in the WordPress that is running.
 */
function upload_guard_host_start_plugin() {
	try {
		upload_guard_host_constants();
		require_once dirname( __DIR__ ) . '/upload-guard.php';
	} catch ( Throwable $fault ) {
		// The customer's site comes first; what is in $_FILES was checked already.
		upload_guard_host_log( 'the plugin could not be loaded: ' . $fault->getMessage() );
	}
}

/**
 * Check every file of this request.
 */
function upload_guard_host_inspect() {
	$host = null;
	try {
		// A warning of ours must neither be shown nor reach the application's own handler.
		set_error_handler( 'upload_guard_host_quiet' ); // phpcs:ignore WordPress.PHP.DevelopmentFunctions
		$host = new Upload_Guard_Host();
		$host->inspect();
		restore_error_handler();
	} catch ( Throwable $fault ) {
		// Such as a function that the pool forbids. What is in the request was not checked, or not all of it.
		restore_error_handler();
		upload_guard_host_log( 'an upload was not checked: ' . $fault->getMessage() );
		if ( upload_guard_host_fails_closed() ) {
			header( 'Retry-After: 30', true, 503 );
			exit( Upload_Guard_Host::SENTENCES['en'][2] . "\n" );
		}
	}
	if ( $host ) {
		// Outside of the try: what fails in a refusal must not let the upload pass.
		$host->answer();
	}
}

/**
 * A line in PHP's error log, where the pool may write one.
 *
 * @param string $line What it says.
 */
function upload_guard_host_log( $line ) {
	if ( function_exists( 'error_log' ) ) {
		error_log( 'upload_guard: ' . $line ); // phpcs:ignore WordPress.PHP.DevelopmentFunctions
	}
}

/**
 * An error handler that says that all is well.
 *
 * @return bool
 */
function upload_guard_host_quiet() {
	return true;
}
