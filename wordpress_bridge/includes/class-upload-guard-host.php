<?php
/**
 * Checks the files of a request, whatever application it is for.
 *
 * @package Upload_Guard
 */

// There is no WordPress here, and the bytes are somebody else's.
// phpcs:disable WordPress.WP.AlternativeFunctions, WordPress.PHP.NoSilencedErrors, WordPress.Security, WordPress.XSS

/**
 * Looks at $_FILES, and at bodies that are a file themselves. Settings are those of the pool (docs/hosts.md).
 */
final class Upload_Guard_Host {

	/**
	 * Sentences for uploaders, where the sidecar sends none.
	 */
	const SENTENCES = array(
		'en' => array( 'This upload cannot be accepted.', 'Case number', 'Uploads cannot be accepted at the moment. Please try again later.' ),
		'nl' => array( 'Deze upload kan niet worden aanvaard.', 'Zaaknummer', 'Uploads kunnen op dit moment niet worden aanvaard. Probeer het later opnieuw.' ),
	);

	/**
	 * Asks the sidecar.
	 *
	 * @var Upload_Guard_Client
	 */
	private $client;

	/**
	 * The uploader's language.
	 *
	 * @var string
	 */
	private $language;

	/**
	 * The verdict for which the whole request is refused, or null.
	 *
	 * @var Upload_Guard_Verdict|null
	 */
	private $refusal;

	/**
	 * A fault of the sidecar's in this request: the other files do not wait for it again.
	 *
	 * @var Upload_Guard_Verdict|null
	 */
	private $silence;

	/**
	 * One for each request of PHP.
	 */
	public function __construct() {
		$this->language = self::language_of( isset( $_SERVER['HTTP_ACCEPT_LANGUAGE'] ) ? $_SERVER['HTTP_ACCEPT_LANGUAGE'] : '' );
		$this->client   = self::client( $this->language );
	}

	/**
	 * What asks the sidecar that the pool's settings name.
	 *
	 * @param string $language The uploader's.
	 * @return Upload_Guard_Client
	 */
	public static function client( $language ) {
		$timeout = max( 1, (int) upload_guard_host_setting( 'TIMEOUT', '10' ) );
		$access  = new Upload_Guard_Access(
			upload_guard_host_setting( 'URL' ),
			upload_guard_host_setting( 'KEY_ID' ),
			upload_guard_host_setting( 'SECRET' ),
			upload_guard_host_setting( 'AUTHORITY' ),
			min( 2, $timeout ),
			$timeout
		);
		return new Upload_Guard_Client(
			new Upload_Guard_Socket( $access ),
			$access,
			$language,
			static function () {
				return PHP_INT_MAX;
			}
		);
	}

	/**
	 * Check every file.
	 */
	public function inspect() {
		foreach ( self::uploads( $_FILES ) as $path ) {
			$this->look_at( $path, true );
		}
		// Without files, the prepend file comes here for a body that is a file itself only.
		if ( ! $_FILES ) {
			$this->look_at( 'php://input', false );
		}
	}

	/**
	 * Refuse the request, where it is to be refused.
	 */
	public function answer() {
		if ( ! $this->refusal ) {
			return;
		}
		list( $refused, $label, $unavailable ) = self::SENTENCES[ $this->language ];

		$known    = $this->refusal->is_refused();
		$sentence = $known ? ( '' !== $this->refusal->message ? $this->refusal->message : $refused ) : $unavailable;
		$case     = $this->refusal->case_number;
		$as_json  = isset( $_SERVER['HTTP_ACCEPT'] ) && false !== stripos( $_SERVER['HTTP_ACCEPT'], 'application/json' );
		http_response_code( $known ? 422 : 503 );
		header( 'Cache-Control: no-store' );
		header( 'X-Content-Type-Options: nosniff' );
		if ( ! $known ) {
			header( 'Retry-After: 30' );
		}
		if ( $as_json ) {
			header( 'Content-Type: application/json; charset=utf-8' );
			$fields = array(
				'code'    => $known ? 'upload_guard_blocked' : 'upload_guard_unavailable',
				'message' => $sentence . ( '' === $case ? '' : " {$label}: {$case}" ),
				// As WordPress's REST API answers, whose clients may be the ones that read it.
				'data'    => array(
					'status' => $known ? 422 : 503,
					'case'   => $case,
				),
			);
			exit( json_encode( $fields, JSON_UNESCAPED_UNICODE ) );
		}
		header( 'Content-Type: text/plain; charset=utf-8' );
		exit( $sentence . "\n" . ( '' === $case ? '' : "{$label}: {$case}\n" ) );
	}

	/**
	 * Check one file.
	 *
	 * @param string $path      Where it lies.
	 * @param bool   $removable Whether it can be taken out of the request.
	 */
	private function look_at( $path, $removable ) {
		$verdict = $this->judge( $path );
		if ( $verdict->is_unknown() ) {
			upload_guard_host_log( 'no verdict on an upload: ' . $verdict->fault );
		}
		if ( ! $verdict->is_refused() && ! ( $verdict->is_unknown() && upload_guard_host_fails_closed() ) ) {
			return;
		}
		if ( $removable && 'strip' === upload_guard_host_setting( 'MODE', 'strip' ) && function_exists( 'unlink' ) && @unlink( $path ) ) {
			// An application that moves it nevertheless finds nothing to move.
			Upload_Guard_Memo::strip( $path, $verdict );
			self::mark( $_FILES, $path );
			return;
		}
		$this->refusal = $verdict;
	}

	/**
	 * The verdict on a file, whatever happens: a function that the host has taken away is no reason for a white page.
	 *
	 * @param string $path Where it lies.
	 * @return Upload_Guard_Verdict
	 */
	private function judge( $path ) {
		try {
			$file = Upload_Guard_File::read( $path );
			if ( ! $file ) {
				return Upload_Guard_Verdict::unknown( 'unreadable' );
			}
			if ( 0 === $file->size ) {
				return Upload_Guard_Verdict::allowed( 'clean' );
			}
			$name    = $this->client->name_of( $file );
			$verdict = Upload_Guard_Memo::find( $name );
			if ( ! $verdict ) {
				$verdict = $this->silence ? $this->silence : $this->client->check( $file, array( 'route' => 'php' ) );
			}
			if ( in_array( $verdict->fault, array( 'timeout', 'unreachable' ), true ) ) {
				$this->silence = $verdict;
			}
			// What else kept the host's file from asking, such as a forbidden socket, need not keep the plugin from it.
			if ( ! $verdict->is_unknown() || $this->silence || $verdict->is_of_the_file() ) {
				Upload_Guard_Memo::keep( $name, $verdict );
			}
			return $verdict;
		} catch ( Throwable $fault ) {
			return Upload_Guard_Verdict::unknown( 'error' );
		}
	}

	/**
	 * The temporary files in $_FILES, however deep the form's field names go.
	 *
	 * @param array<string, mixed> $files As PHP made it.
	 * @return array<int, string>
	 */
	private static function uploads( array $files ) {
		$paths = array();
		foreach ( $files as $field ) {
			$names = isset( $field['tmp_name'] ) ? (array) $field['tmp_name'] : array();
			array_walk_recursive(
				$names,
				static function ( $path ) use ( &$paths ) {
					if ( is_string( $path ) && '' !== $path && is_uploaded_file( $path ) ) {
						$paths[] = $path;
					}
				}
			);
		}
		return $paths;
	}

	/**
	 * Set the error of one file: 8 is "stopped by an extension", which every application knows.
	 *
	 * @param array<string, mixed> $files As PHP made it.
	 * @param string               $path  The temporary file.
	 */
	private static function mark( array &$files, $path ) {
		foreach ( $files as &$field ) {
			if ( isset( $field['tmp_name'], $field['error'] ) ) {
				self::mark_field( $field['tmp_name'], $field['error'], $field['size'], $path );
			}
		}
	}

	/**
	 * The same within a field, whose names and errors have the same shape.
	 *
	 * @param mixed  $names Temporary files.
	 * @param mixed  $error Their errors.
	 * @param mixed  $size  Their sizes.
	 * @param string $path  The temporary file.
	 */
	private static function mark_field( $names, &$error, &$size, $path ) {
		if ( $names === $path ) {
			$error = UPLOAD_ERR_EXTENSION;
			$size  = 0;
			return;
		}
		foreach ( is_array( $names ) ? $names : array() as $key => $inner ) {
			self::mark_field( $inner, $error[ $key ], $size[ $key ], $path );
		}
	}

	/**
	 * The first of our languages that the uploader's browser names.
	 *
	 * @param string $accepted The Accept-Language header.
	 * @return string
	 */
	private static function language_of( $accepted ) {
		preg_match( '/(?:^|,)\s*(en|nl)\b/i', $accepted, $found );
		return isset( $found[1] ) ? strtolower( $found[1] ) : 'en';
	}
}
