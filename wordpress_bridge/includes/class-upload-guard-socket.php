<?php
/**
 * HTTP over a bare socket.
 *
 * @package Upload_Guard
 */

// A socket needs no memory for a file, neither cURL nor WordPress; the host's file works over it on every PHP site.
// phpcs:disable WordPress.WP.AlternativeFunctions, WordPress.PHP.NoSilencedErrors

/**
 * One request a connection (RFC 9112), the file streamed, the answer at most 64 KiB.
 */
final class Upload_Guard_Socket {

	const LONGEST_ANSWER = 65536;

	/**
	 * Where to.
	 *
	 * @var Upload_Guard_Access
	 */
	private $access;

	/**
	 * When all must be over, in seconds as microtime tells them.
	 *
	 * @var float
	 */
	private $deadline = 0.0;

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
		// A host may have taken it away (disable_functions); calling it then would end the site's request.
		if ( ! function_exists( 'stream_socket_client' ) ) {
			return Upload_Guard_Answer::none( 'no_sockets' );
		}
		$this->deadline = microtime( true ) + $this->access->timeout;
		$connection     = $this->connect();
		if ( ! $connection ) {
			return Upload_Guard_Answer::none( 'unreachable' );
		}
		$sent   = $this->write( $connection, $this->head( $method, $target, $headers, $body ) ) && $this->write_body( $connection, $body );
		$answer = $this->read( $connection );
		fclose( $connection );
		// A refusal may come before all is sent (413): then the answer counts, not the broken pipe.
		if ( $answer ) {
			return $answer;
		}
		return Upload_Guard_Answer::none( $this->left() > 0 && ! $sent ? 'unreachable' : $this->silence() );
	}

	/**
	 * Why nothing came.
	 *
	 * @return string
	 */
	private function silence() {
		return $this->left() > 0 ? 'bad_answer' : 'timeout';
	}

	/**
	 * Seconds that are left.
	 *
	 * @return float
	 */
	private function left() {
		return $this->deadline - microtime( true );
	}

	/**
	 * Open the connection.
	 *
	 * @return resource|false
	 */
	private function connect() {
		$parts = parse_url( $this->access->url );
		if ( ! isset( $parts['host'], $parts['scheme'] ) ) {
			return false;
		}
		$tls     = 'https' === strtolower( $parts['scheme'] );
		$port    = isset( $parts['port'] ) ? $parts['port'] : ( $tls ? 443 : 80 );
		$options = array( 'peer_name' => trim( $parts['host'], '[]' ) );
		if ( '' !== $this->access->authority ) {
			$options['cafile'] = $this->access->authority;
		}
		$address = ( $tls ? 'ssl' : 'tcp' ) . "://{$parts['host']}:{$port}";
		return @stream_socket_client( $address, $number, $text, $this->access->connect_timeout, STREAM_CLIENT_CONNECT, stream_context_create( array( 'ssl' => $options ) ) );
	}

	/**
	 * Request line and headers.
	 *
	 * @param string                $method  The HTTP method.
	 * @param string                $target  The path with its query.
	 * @param array<string, string> $headers Names and values.
	 * @param Upload_Guard_Body     $body    What will follow.
	 * @return string
	 */
	private function head( $method, $target, array $headers, Upload_Guard_Body $body ) {
		$parts    = parse_url( $this->access->url );
		$headers += array(
			'Host'           => $parts['host'] . ( isset( $parts['port'] ) ? ":{$parts['port']}" : '' ),
			'Content-Length' => (string) $body->size(),
			'Connection'     => 'close',
		);
		$lines    = "{$method} {$target} HTTP/1.1\r\n";
		foreach ( $headers as $name => $value ) {
			$lines .= "{$name}: " . str_replace( array( "\r", "\n" ), '', $value ) . "\r\n";
		}
		return $lines . "\r\n";
	}

	/**
	 * Send the body.
	 *
	 * @param resource          $connection The connection.
	 * @param Upload_Guard_Body $body       What is sent.
	 * @return bool Whether all of it went out.
	 */
	private function write_body( $connection, Upload_Guard_Body $body ) {
		if ( ! $body->file ) {
			return $this->write( $connection, $body->text );
		}
		$stream = $body->file->open();
		if ( ! $stream ) {
			return false;
		}
		do {
			$chunk = (string) @fread( $stream, 65536 );
		} while ( '' !== $chunk && $this->write( $connection, $chunk ) );
		fclose( $stream );
		return '' === $chunk;
	}

	/**
	 * Send bytes.
	 *
	 * @param resource $connection The connection.
	 * @param string   $bytes      The bytes.
	 * @return bool Whether all of them went out.
	 */
	private function write( $connection, $bytes ) {
		while ( '' !== $bytes ) {
			if ( ! $this->wait( $connection ) ) {
				return false;
			}
			$count = @fwrite( $connection, $bytes );
			if ( ! $count ) {
				return false;
			}
			$bytes = (string) substr( $bytes, $count );
		}
		return true;
	}

	/**
	 * Let no single step outlast the whole.
	 *
	 * @param resource $connection The connection.
	 * @return bool Whether time is left.
	 */
	private function wait( $connection ) {
		$left = $this->left();
		if ( $left <= 0 ) {
			return false;
		}
		stream_set_timeout( $connection, (int) $left, (int) ( fmod( $left, 1 ) * 1000000 ) );
		return true;
	}

	/**
	 * Read the answer: it ends with the connection, which we asked to be closed.
	 *
	 * @param resource $connection The connection.
	 * @return Upload_Guard_Answer|null Null where none came whole.
	 */
	private function read( $connection ) {
		$bytes = '';
		$room  = self::LONGEST_ANSWER;
		while ( ! feof( $connection ) && $room > 0 && $this->wait( $connection ) ) {
			$chunk = @fread( $connection, min( $room, 8192 ) );
			if ( false === $chunk || ( '' === $chunk && ! feof( $connection ) ) ) {
				break;
			}
			$bytes .= $chunk;
			$room  -= strlen( $chunk );
		}
		return self::parse( $bytes );
	}

	/**
	 * Read status, type and body out of what came.
	 *
	 * @param string $bytes All that came.
	 * @return Upload_Guard_Answer|null Null where it is no whole answer.
	 */
	private static function parse( $bytes ) {
		// Interim answers (100 Continue) come before the real one.
		while ( preg_match( '#^HTTP/1\.[01] 1\d\d#', $bytes ) && false !== strpos( $bytes, "\r\n\r\n" ) ) {
			$bytes = (string) substr( $bytes, strpos( $bytes, "\r\n\r\n" ) + 4 );
		}
		$end = strpos( $bytes, "\r\n\r\n" );
		if ( false === $end || ! preg_match( '#^HTTP/1\.[01] (\d{3})#', $bytes, $status ) ) {
			return null;
		}
		$head = substr( $bytes, 0, $end );
		$body = (string) substr( $bytes, $end + 4 );
		if ( preg_match( '/^Transfer-Encoding:\s*chunked/mi', $head ) ) {
			$body = self::unchunked( $body );
		}
		if ( preg_match( '/^Content-Length:\s*(\d+)/mi', $head, $length ) && strlen( $body ) < (int) $length[1] ) {
			return null;
		}
		$type = preg_match( '/^Content-Type:\s*([^\r\n]+)/mi', $head, $named ) ? $named[1] : '';
		return Upload_Guard_Answer::of( $status[1], $type, $body );
	}

	/**
	 * Undo the chunked encoding.
	 *
	 * @param string $body Chunks.
	 * @return string What they hold.
	 */
	private static function unchunked( $body ) {
		$whole = '';
		while ( preg_match( '/^([0-9a-f]{1,8})[^\r\n]*\r\n/i', $body, $size ) && '0' !== ltrim( $size[1], '0' ) . '0' ) {
			$length = (int) hexdec( $size[1] );
			$whole .= substr( $body, strlen( $size[0] ), $length );
			$body   = (string) substr( $body, strlen( $size[0] ) + $length + 2 );
		}
		return $whole;
	}
}
