<?php
// All ways in that need no web server, with a listed and a clean picture; prints what came of each. By `wp eval-file`.
require_once ABSPATH . 'wp-admin/includes/admin.php';

list( $listed, $clean ) = $args;
$said = array( 'php' => PHP_VERSION );
$told = static function ( $result ) {
	if ( is_wp_error( $result ) ) {
		return $result->get_error_message();
	}
	return is_array( $result ) && ! empty( $result['error'] ) ? $result['error'] : '';
};
$copy = static function ( $file ) {
	$path = wp_tempnam( 'a' );
	copy( $file, $path );
	return array( 'name' => 'a.jpg', 'type' => 'image/jpeg', 'tmp_name' => $path, 'error' => 0, 'size' => filesize( $path ) );
};
foreach ( array( 'listed' => $listed, 'clean' => $clean ) as $kind => $file ) {
	$said[ $kind ] = array(
		'sideload'   => $told( media_handle_sideload( $copy( $file ), 0 ) ),
		'own action' => $told( wp_handle_sideload( $copy( $file ), array( 'action' => 'odd', 'test_form' => false ) ) ),
		'no type'    => $told( wp_handle_sideload( $copy( $file ), array( 'action' => 'odd', 'test_form' => false, 'test_type' => false ) ) ),
		'bits'       => $told( wp_upload_bits( 'a.jpg', null, file_get_contents( $file ) ) ),
	);
	$there  = wp_get_upload_dir()['basedir'] . "/there-$kind.jpg";
	copy( $file, $there );
	$id = wp_insert_attachment( array( 'post_mime_type' => 'image/jpeg', 'post_title' => 'x' ), $there );
	$said[ $kind ]['inserted'] = is_file( $there ) ? '' : get_post_field( 'post_status', $id );
}
echo "\n>>>", wp_json_encode( $said ), "<<<\n";
