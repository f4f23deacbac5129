<?php
/**
 * HTTP as WordPress sends it.
 *
 * @package Upload_Guard
 */

// wp_remote_request takes bodies as texts in memory; a file is handed to cURL as a stream instead, by WordPress's own hook.
// phpcs:disable WordPress.WP.AlternativeFunctions

/**
 * Over wp_remote_request, with the file streamed by cURL, or over a bare socket where PHP has no cURL.
 */
final class Upload_Guard_Http {

	/**
	 * Where to.
	 *
	 * @var Upload_Guard_Access
	 */
	private $access;

	/**
	 * Keeps the connection of one request for the next one: WordPress makes a new handle of cURL for each.
	 *
	 * @var CurlShareHandle|resource|null
	 */
	private $connections;

	/**
	 * For one sidecar.
	 *
	 * @param Upload_Guard_Access $access Where to.
	 */
	public function __construct( Upload_Guard_Access $access ) {
		$this->access = $access;
	}

	/**
	 * Send one request.
	 *
	 * @param string                $method  The HTTP method.
	 * @param string                $target  The path with its query.
	 * @param array<string, string> $headers Names and values.
	 * @param Upload_Guard_Body     $body    What is sent.
	 * @return Upload_Guard_Answer
	 */
	public function send( $method, $target, array $headers, Upload_Guard_Body $body ) {
		if ( ! function_exists( 'curl_setopt_array' ) ) {
			$socket = new Upload_Guard_Socket( $this->access );
			return $socket->send( $method, $target, $headers, $body );
		}
		$url    = $this->origin() . $target;
		$stream = $body->file ? $body->file->open() : null;
		if ( false === $stream ) {
			return Upload_Guard_Answer::none( 'unreadable' );
		}
		$hook = $this->curl_options( $url, $body, $stream );
		add_action( 'http_api_curl', $hook, PHP_INT_MAX, 3 );
		$said = wp_remote_request( $url, $this->arguments( $method, $headers, $body ) );
		remove_action( 'http_api_curl', $hook, PHP_INT_MAX );
		if ( is_resource( $stream ) ) {
			fclose( $stream );
		}
		if ( is_wp_error( $said ) ) {
			return Upload_Guard_Answer::none( self::why( $said ) );
		}
		return Upload_Guard_Answer::of(
			wp_remote_retrieve_response_code( $said ),
			(string) wp_remote_retrieve_header( $said, 'content-type' ),
			wp_remote_retrieve_body( $said )
		);
	}

	/**
	 * Scheme, host and port of the sidecar.
	 *
	 * @return string
	 */
	private function origin() {
		return preg_replace( '#^([a-z]+://[^/]+).*$#i', '$1', $this->access->url );
	}

	/**
	 * What wp_remote_request is told.
	 *
	 * @param string                $method  The HTTP method.
	 * @param array<string, string> $headers Names and values.
	 * @param Upload_Guard_Body     $body    What is sent.
	 * @return array<string, mixed>
	 */
	private function arguments( $method, array $headers, Upload_Guard_Body $body ) {
		$arguments = array(
			'method'              => $method,
			// WordPress would have the connection closed after each request.
			'headers'             => $headers + array( 'Connection' => 'keep-alive' ),
			'body'                => $body->text,
			'timeout'             => $this->access->timeout,
			// A redirect would carry the file somewhere else.
			'redirection'         => 0,
			'limit_response_size' => Upload_Guard_Socket::LONGEST_ANSWER,
		);
		if ( '' !== $this->access->authority ) {
			$arguments['sslcertificates'] = $this->access->authority;
		}
		return $arguments;
	}

	/**
	 * Sets what WordPress has no argument for, on this very request only.
	 *
	 * @param string            $url    The address that is asked.
	 * @param Upload_Guard_Body $body   What is sent.
	 * @param resource|null     $stream The open file.
	 * @return callable
	 */
	private function curl_options( $url, Upload_Guard_Body $body, $stream ) {
		$options = array( CURLOPT_CONNECTTIMEOUT => $this->access->connect_timeout );
		// A host may have taken it away (disable_functions): then each request makes a connection.
		if ( function_exists( 'curl_share_init' ) && function_exists( 'curl_share_setopt' ) ) {
			$options[ CURLOPT_SHARE ] = $this->connections();
		}
		if ( $stream ) {
			$options += array(
				CURLOPT_UPLOAD        => true,
				CURLOPT_CUSTOMREQUEST => 'POST',
				CURLOPT_INFILE        => $stream,
				CURLOPT_INFILESIZE    => $body->size(),
			);
		}
		return static function ( $handle, $arguments, $asked ) use ( $url, $options ) {
			if ( $asked === $url ) {
				curl_setopt_array( $handle, $options );
			}
		};
	}

	/**
	 * What is shared by all requests to the sidecar.
	 *
	 * @return CurlShareHandle|resource
	 */
	private function connections() {
		if ( ! $this->connections ) {
			$this->connections = curl_share_init();
			curl_share_setopt( $this->connections, CURLSHOPT_SHARE, CURL_LOCK_DATA_CONNECT );
		}
		return $this->connections;
	}

	/**
	 * Why there is no answer.
	 *
	 * @param WP_Error $error What WordPress says.
	 * @return string
	 */
	private static function why( $error ) {
		if ( 'http_request_not_executed' === $error->get_error_code() ) {
			return 'blocked_by_wordpress';
		}
		return false === stripos( $error->get_error_message(), 'timed out' ) ? 'unreachable' : 'timeout';
	}
}
