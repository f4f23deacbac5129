<?php
/**
 * Where the sidecar is, and with which key it is asked.
 *
 * @package Upload_Guard
 */

// Without wp_parse_url: the host's file runs without WordPress.
// phpcs:disable WordPress.WP.AlternativeFunctions.parse_url_parse_url

/**
 * Address and machine key. The scheme is that of docs/machine-keys.md.
 */
final class Upload_Guard_Access {

	const SCHEME = 'UploadGuard-HMAC-SHA256';

	/**
	 * How far the clock of whoever signed may be from ours, in seconds, either way.
	 */
	const WINDOW = 300;

	/**
	 * Address of the sidecar, without a slash at its end. Empty: none.
	 *
	 * @var string
	 */
	public $url;

	/**
	 * Name of the machine key.
	 *
	 * @var string
	 */
	public $key_id;

	/**
	 * Its secret.
	 *
	 * @var string
	 */
	private $secret;

	/**
	 * File of certificates that vouch for the sidecar; empty: those that PHP or WordPress trusts.
	 *
	 * @var string
	 */
	public $authority;

	/**
	 * Seconds until a connection stands.
	 *
	 * @var int
	 */
	public $connect_timeout;

	/**
	 * Seconds for all of one request.
	 *
	 * @var int
	 */
	public $timeout;

	/**
	 * All of it is chosen by an administrator.
	 *
	 * @param string $url             See the field.
	 * @param string $key_id          See the field.
	 * @param string $secret          See the field.
	 * @param string $authority       See the field.
	 * @param int    $connect_timeout See the field.
	 * @param int    $timeout         See the field.
	 */
	public function __construct( $url, $key_id, $secret, $authority = '', $connect_timeout = 2, $timeout = 10 ) {
		$this->url             = rtrim( $url, '/' );
		$this->key_id          = $key_id;
		$this->secret          = $secret;
		$this->authority       = $authority;
		$this->connect_timeout = $connect_timeout;
		$this->timeout         = $timeout;
	}

	/**
	 * Whether there is anybody to ask.
	 *
	 * @return bool
	 */
	public function is_complete() {
		return '' !== $this->url && '' !== $this->key_id && '' !== $this->secret;
	}

	/**
	 * The path of an address of the sidecar, with its query, as it stands in the request line.
	 *
	 * @param string                $path  Begins with a slash.
	 * @param array<string, string> $query Names and values.
	 * @return string
	 */
	public function target( $path, array $query = array() ) {
		$before = parse_url( $this->url, PHP_URL_PATH );
		$query  = array_filter( $query, 'strlen' );
		$after  = $query ? '?' . http_build_query( $query, '', '&', PHP_QUERY_RFC3986 ) : '';
		return ( is_string( $before ) ? $before : '' ) . $path . $after;
	}

	/**
	 * The Authorization header of one request.
	 *
	 * @param string $method The HTTP method.
	 * @param string $target The path with its query, as it stands in the request line.
	 * @param string $digest SHA-256 of the body, in lower-case hex digits.
	 * @return string
	 */
	public function authorization( $method, $target, $digest ) {
		$timestamp = (string) time();
		$nonce     = bin2hex( random_bytes( 16 ) );
		$signature = $this->signature( array( $timestamp, $nonce, $method, $target, $digest ) );
		return self::SCHEME . ' ' . implode( ':', array( $this->key_id, $timestamp, $nonce, $digest, $signature ) );
	}

	/**
	 * The nonce of a request that the sidecar has signed with our key.
	 *
	 * @param string $header What is said in place of an Authorization header.
	 * @param string $method The HTTP method.
	 * @param string $target The path with its query, as it stands in the request line.
	 * @param string $digest SHA-256 of the body that came, in lower-case hex digits.
	 * @return string Empty where it is not signed so, or not now.
	 */
	public function nonce_of( $header, $method, $target, $digest ) {
		$form = '/^' . self::SCHEME . ' ([A-Za-z0-9_-]{1,64}):([0-9]{1,12}):([A-Za-z0-9_-]{16,64}):([0-9a-f]{64}):([0-9a-f]{64})$/D';
		if ( ! $this->is_complete() || ! preg_match( $form, $header, $said ) || $said[1] !== $this->key_id ) {
			return '';
		}
		$right = hash_equals( $this->signature( array( $said[2], $said[3], $method, $target, $digest ) ), $said[5] );
		return $right && abs( time() - (int) $said[2] ) <= self::WINDOW ? $said[3] : '';
	}

	/**
	 * The signature of a request.
	 *
	 * @param array<int, string> $rest All lines after the key's name.
	 * @return string
	 */
	private function signature( array $rest ) {
		return hash_hmac( 'sha256', implode( "\n", array_merge( array( self::SCHEME, $this->key_id ), $rest ) ), $this->secret );
	}
}
