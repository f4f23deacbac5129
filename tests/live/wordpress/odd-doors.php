<?php
/**
 * Stands in for plugins that take uploads in ways of their own. For tests.
 */

function odd_doors_answer( $said ) {
	status_header( isset( $said['error'] ) && $said['error'] ? 400 : 200 );
	wp_send_json( $said );
}

foreach ( array( '', 'nopriv_' ) as $odd_doors_who ) {
	add_action(
		"wp_ajax_{$odd_doors_who}own_action",
		function () {
			require_once ABSPATH . 'wp-admin/includes/file.php';
			odd_doors_answer( wp_handle_sideload( odd_doors_copy(), array( 'action' => 'odd_upload', 'test_form' => false ) ) );
		}
	);
	add_action(
		"wp_ajax_{$odd_doors_who}no_type",
		function () {
			require_once ABSPATH . 'wp-admin/includes/file.php';
			odd_doors_answer( wp_handle_sideload( odd_doors_copy(), array( 'action' => 'odd_upload', 'test_form' => false, 'test_type' => false ) ) );
		}
	);
	add_action(
		"wp_ajax_{$odd_doors_who}bits",
		function () {
			odd_doors_stop_at_error();
			odd_doors_answer( wp_upload_bits( 'bits.jpg', null, file_get_contents( $_FILES['file']['tmp_name'] ) ) );
		}
	);
	// Two files by the same path in one request, as an importer does.
	add_action(
		"wp_ajax_{$odd_doors_who}two",
		function () {
			require_once ABSPATH . 'wp-admin/includes/file.php';
			$said = array();
			foreach ( array( 'file', 'second' ) as $field ) {
				$said[] = wp_handle_sideload( odd_doors_copy( $field ), array( 'action' => 'odd_upload', 'test_form' => false ) );
			}
			wp_send_json( $said );
		}
	);
}

function odd_doors_stop_at_error() {
	if ( $_FILES['file']['error'] ) {
		odd_doors_answer( array( 'error' => 'PHP took no file' ) );
	}
}

function odd_doors_copy( $field = 'file' ) {
	odd_doors_stop_at_error();
	$file     = $_FILES[ $field ];
	$tmp_name = wp_tempnam( 'odd' );
	copy( $file['tmp_name'], $tmp_name );
	return array( 'tmp_name' => $tmp_name, 'error' => 0, 'size' => filesize( $tmp_name ) ) + $file;
}
