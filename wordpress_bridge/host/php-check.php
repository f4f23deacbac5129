<?php
/**
 * What `upload-guard php-check` runs under a pool's settings: sends the canary, and prints what came of it.
 *
 * @package Upload_Guard
 */

// It prints for a program, and runs without WordPress.
// phpcs:disable WordPress.WP.AlternativeFunctions, WordPress.Security, WordPress.XSS

if ( 'cli' !== PHP_SAPI ) {
	exit( 1 );
}

require_once __DIR__ . '/inspect.php';

$upload_guard_canary = Upload_Guard_File::read( dirname( __DIR__ ) . '/includes/canary.png' );
if ( $upload_guard_canary ) {
	$upload_guard_verdict = Upload_Guard_Host::client( 'en' )->check( $upload_guard_canary, array( 'route' => 'php-check' ) );
} else {
	$upload_guard_verdict = Upload_Guard_Verdict::unknown( 'unreadable' );
}

echo "\nupload-guard ", json_encode(
	array(
		'php'   => PHP_VERSION,
		'kind'  => $upload_guard_verdict->kind,
		'fault' => $upload_guard_verdict->fault,
	)
), "\n";
