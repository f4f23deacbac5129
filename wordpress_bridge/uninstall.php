<?php
/**
 * Removes settings and events. What is in quarantine stays, with its records: nothing is deleted on a match.
 *
 * @package Upload_Guard
 */

defined( 'WP_UNINSTALL_PLUGIN' ) || exit;

// The host, or a must-use loader, guards this site from a folder of its own: settings and queue are still in use.
if ( defined( 'UPLOAD_GUARD_FILE' ) && realpath( dirname( UPLOAD_GUARD_FILE ) ) !== realpath( __DIR__ ) ) {
	return;
}

/**
 * Remove what one site holds.
 */
function upload_guard_uninstall_site() {
	global $wpdb;
	foreach ( array( 'upload_guard_refresh', 'upload_guard_run_queue', 'upload_guard_run_scan' ) as $upload_guard_event ) {
		wp_clear_scheduled_hook( $upload_guard_event );
	}
	foreach ( array( 'scan', 'places', 'events', 'marks' ) as $upload_guard_run ) {
		delete_option( 'upload_guard_' . $upload_guard_run . '_run.lock' );
	}
	delete_option( 'upload_guard_scan' );
	delete_option( 'upload_guard_settings' );
	foreach ( array( 'upload_guard_queue_', 'upload_guard_nonce_', 'upload_guard_place_', 'upload_guard_event_', '_site_transient_upload_guard_upload_', '_site_transient_timeout_upload_guard_upload_' ) as $upload_guard_prefix ) {
		// phpcs:ignore WordPress.DB.DirectDatabaseQuery -- Options have no search by prefix.
		$upload_guard_names = $wpdb->get_col( $wpdb->prepare( "SELECT option_name FROM {$wpdb->options} WHERE option_name LIKE %s", $wpdb->esc_like( $upload_guard_prefix ) . '%' ) );
		array_map( 'delete_option', $upload_guard_names );
	}
	// phpcs:ignore WordPress.DB.DirectDatabaseQuery -- One key an upload: delete_metadata() would take a statement for each.
	$wpdb->query( $wpdb->prepare( "DELETE FROM {$wpdb->postmeta} WHERE meta_key LIKE %s", $wpdb->esc_like( '_upload_guard_upload' ) . '%' ) );
}

if ( is_multisite() ) {
	foreach ( get_sites(
		array(
			'fields' => 'ids',
			'number' => 0,
		)
	) as $upload_guard_site ) {
		switch_to_blog( $upload_guard_site );
		upload_guard_uninstall_site();
		restore_current_blog();
	}
} else {
	upload_guard_uninstall_site();
}

if ( is_multisite() ) {
	global $wpdb;
	// phpcs:ignore WordPress.DB.DirectDatabaseQuery -- The ends of these have names of their own.
	$wpdb->query( $wpdb->prepare( "DELETE FROM {$wpdb->sitemeta} WHERE meta_key LIKE %s OR meta_key LIKE %s", $wpdb->esc_like( '_site_transient_upload_guard_upload_' ) . '%', $wpdb->esc_like( '_site_transient_timeout_upload_guard_upload_' ) . '%' ) );
}
delete_site_option( 'upload_guard_settings' );
delete_site_option( 'upload_guard_last_fault' );
foreach ( array( 'upload_guard_config', 'upload_guard_faults', 'upload_guard_circuit' ) as $upload_guard_transient ) {
	delete_site_transient( $upload_guard_transient );
}
delete_metadata( 'user', 0, 'upload_guard_dismissed', '', true );
