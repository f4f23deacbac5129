<?php
// A site of a customer's that is no WordPress, written long ago.
header( 'Content-Type: application/json' );
$said = array( 'files' => $_FILES, 'stored' => array(), 'own' => defined( 'OWN_PREPEND' ) );
foreach ( $_FILES as $field ) {
	$names = (array) $field['tmp_name'];
	array_walk_recursive(
		$names,
		function ( $path ) use ( &$said ) {
			if ( $path && @move_uploaded_file( $path, __DIR__ . '/stored/' . count( glob( __DIR__ . '/stored/*' ) ) ) ) {
				$said['stored'][] = $path;
			}
		}
	);
}
$body = file_get_contents( 'php://input' );
if ( ! $_FILES && '' !== $body ) {
	file_put_contents( __DIR__ . '/stored/' . count( glob( __DIR__ . '/stored/*' ) ), $body );
	$said['stored'][] = 'body';
}
echo json_encode( $said );
