<?php
/**
 * What upload-guard-prepend.php does where a request has a body, or its pool a prepend file of its own.
 *
 * @package Upload_Guard
 */

if ( PHP_VERSION_ID >= 70000 ) {
	// phpcs:ignore WordPress.Security -- A type is compared, and nothing is made of it.
	if ( $_FILES || ( ! empty( $_SERVER['CONTENT_TYPE'] ) && preg_match( '#^\s*(?:image/|video/|application/(?:octet-stream|zip|pdf)\b)#i', $_SERVER['CONTENT_TYPE'] ) ) ) {
		require_once __DIR__ . '/inspect.php';
		upload_guard_host_inspect();
	}
	// The customer's own file, which php_admin_value keeps PHP from running. In no function, so that its variables are global.
	if ( ! empty( $_SERVER['UPLOAD_GUARD_CHAIN'] ) ) {
		require_once __DIR__ . '/inspect.php';
		if ( '' !== upload_guard_host_chain() ) {
			require upload_guard_host_chain();
		}
	}
}
