<?php
/**
 * Lets the sidecar find, read, take away and put back files of the media library.
 *
 * @package Upload_Guard
 */

// Reads files as they are: a WP_Filesystem would hold whole files in memory.
// phpcs:disable WordPress.WP.AlternativeFunctions, WordPress.PHP.NoSilencedErrors

/**
 * Routes of the REST API under upload-guard/v1/files, where wp-config.php says UPLOAD_GUARD_REMOTE_FILES. Each request is
 * signed with the site's own machine key, is answered once, and names the file that it takes by its digest.
 */
final class Upload_Guard_Files {

	const SPACE = 'upload-guard/v1';

	/**
	 * Why a file was put away that came back while what it was lies in quarantine: nobody gives back both.
	 */
	const AGAIN = 'again';

	/**
	 * Tells whether the sidecar asks.
	 *
	 * @var Upload_Guard_Signed
	 */
	private $signed;

	/**
	 * Puts files away.
	 *
	 * @var Upload_Guard_Quarantine
	 */
	private $quarantine;

	/**
	 * One for each request of PHP.
	 *
	 * @param Upload_Guard_Signed     $signed     See the field.
	 * @param Upload_Guard_Quarantine $quarantine See the field.
	 */
	public function __construct( Upload_Guard_Signed $signed, Upload_Guard_Quarantine $quarantine ) {
		$this->signed     = $signed;
		$this->quarantine = $quarantine;
	}

	/**
	 * Hook the routes in, where an administrator wants them.
	 */
	public function register() {
		if ( defined( 'UPLOAD_GUARD_REMOTE_FILES' ) && UPLOAD_GUARD_REMOTE_FILES ) {
			add_action( 'rest_api_init', array( $this, 'routes' ) );
		}
	}

	/**
	 * The routes.
	 */
	public function routes() {
		foreach ( array( 'locate', 'look', 'read', 'take', 'restore' ) as $name ) {
			register_rest_route(
				self::SPACE,
				'/files/' . $name,
				array(
					'methods'             => 'POST',
					'callback'            => function ( WP_REST_Request $request ) use ( $name ) {
						return $this->on_its_site( $request, array( $this, $name ) );
					},
					'permission_callback' => array( $this->signed, 'is_signed' ),
				)
			);
		}
	}

	/**
	 * Answer on the site of a network that is meant.
	 *
	 * @param WP_REST_Request $request `site`: its number; none is the main one's.
	 * @param callable        $answer  Answers the request.
	 * @return array<string, mixed>|WP_Error
	 */
	private function on_its_site( WP_REST_Request $request, callable $answer ) {
		$site_id = Upload_Guard_Network::asked( $request->get_param( 'site' ) );
		return 0 === $site_id ? self::gone() : Upload_Guard_Network::on(
			$site_id,
			static function () use ( $request, $answer ) {
				return $answer( $request );
			}
		);
	}

	/**
	 * The attachment that an address of this site, or of another one of the network, shows, in whatever size.
	 *
	 * @param WP_REST_Request $request `url`.
	 * @return array<string, mixed>|WP_Error
	 */
	public function locate( WP_REST_Request $request ) {
		$url = $request->get_param( 'url' );
		foreach ( is_string( $url ) ? Upload_Guard_Network::sites_at( $url ) : array() as $site_id ) {
			$id = Upload_Guard_Network::on(
				$site_id,
				static function () use ( $url ) {
					return Upload_Guard_Media::attachment_at( $url );
				}
			);
			if ( $id ) {
				return array( 'attachment' => $id ) + ( Upload_Guard_Network::asked( null ) === $site_id ? array() : array( 'site' => $site_id ) );
			}
		}
		return self::gone();
	}

	/**
	 * How the file of an attachment stands: one that the plugin has put away for a case can still be taken away.
	 *
	 * @param WP_REST_Request $request `attachment`.
	 * @return array<string, mixed>|WP_Error
	 */
	public function look( WP_REST_Request $request ) {
		$path = self::path_of( $request );
		$path = '' === $path ? $this->put_away_by_us( $request ) : $path;
		return '' === $path ? $this->missing( $request ) : array(
			'size'     => filesize( $path ),
			'modified' => filemtime( $path ),
		);
	}

	/**
	 * Send the file of an attachment.
	 *
	 * @param WP_REST_Request $request `attachment`.
	 * @return WP_Error
	 */
	public function read( WP_REST_Request $request ) {
		$path = self::path_of( $request );
		if ( '' === $path ) {
			return $this->missing( $request );
		}
		while ( ob_get_level() > 0 && ob_end_clean() ) {
			continue;
		}
		// Nothing may take it for a picture or a page.
		header( 'Content-Type: application/octet-stream' );
		header( 'X-Content-Type-Options: nosniff' );
		header( 'Cache-Control: no-store' );
		header( 'Content-Length: ' . filesize( $path ) );
		readfile( $path );
		exit;
	}

	/**
	 * Take all files of an attachment away, if its file is the one that is meant.
	 *
	 * @param WP_REST_Request $request `attachment`, `sha256` and `case`.
	 * @return array<string, mixed>|WP_Error
	 */
	public function take( WP_REST_Request $request ) {
		if ( $this->record_of( $request, 'moving' ) ) {
			return self::at_it();
		}
		$path  = self::path_of( $request );
		$meant = '' !== $path && hash_file( 'sha256', $path ) === $request->get_param( 'sha256' );
		$held  = $this->record_of( $request, 'held' );
		$case  = self::case_of( $request );
		if ( $held && '' !== $case && ! $this->quarantine->hold_for( $held, $case ) ) {
			return self::at_it();
		}
		// What was put away earlier says nothing of a file that came back.
		if ( $held && ! $meant ) {
			return array( 'taken' => true );
		}
		if ( '' === $path ) {
			return $this->missing( $request );
		}
		if ( ! $meant ) {
			return new WP_Error( 'upload_guard_changed', 'The file is another one.', array( 'status' => 409 ) );
		}
		$record = $this->quarantine->hold_attachment( (int) $request->get_param( 'attachment' ), Upload_Guard_Verdict::refused( 'match', $case, '' ), $held ? self::AGAIN : 'sidecar' );
		if ( '' === $record ) {
			return new WP_Error( 'upload_guard_not_taken', 'Not all files could be moved; all are where they were.', array( 'status' => 500 ) );
		}
		return array( 'taken' => true );
	}

	/**
	 * Put everything of an attachment back, unless another case holds it.
	 *
	 * @param WP_REST_Request $request `attachment`, `sha256` and `case`.
	 * @return array<string, mixed>|WP_Error
	 */
	public function restore( WP_REST_Request $request ) {
		if ( $this->record_of( $request, 'moving' ) ) {
			return self::at_it();
		}
		$record = $this->record_of( $request, 'held' );
		if ( $record ) {
			$case = self::case_of( $request );
			if ( '' !== $case && array_diff( Upload_Guard_Quarantine::cases_of( $record ), array( $case ) ) ) {
				$this->quarantine->release_of( $record, $case );
				return new WP_Error( 'upload_guard_held', 'Another case holds it.', array( 'status' => 503 ) );
			}
			$done = $this->quarantine->restore( $record['id'] );
			if ( is_wp_error( $done ) ) {
				$done->add_data( array( 'status' => 409 ) );
				return $done;
			}
			return array( 'restored' => true );
		}
		$path = self::path_of( $request );
		if ( '' === $path ) {
			return $this->missing( $request );
		}
		if ( hash_file( 'sha256', $path ) !== $request->get_param( 'sha256' ) ) {
			return new WP_Error( 'upload_guard_changed', 'The file is another one.', array( 'status' => 409 ) );
		}
		return array( 'restored' => true );
	}

	/**
	 * What is put away of an attachment with this file: the first of several, which has all of it.
	 *
	 * @param WP_REST_Request $request `attachment` and `sha256`.
	 * @param string          $state   held, or moving: in between, until it is undone where PHP was ended.
	 * @return array<string, mixed>|null
	 */
	private function record_of( WP_REST_Request $request, $state ) {
		foreach ( $this->quarantine->records() as $record ) {
			$mine = (int) $record['attachment'] === (int) $request->get_param( 'attachment' );
			if ( $mine && $state === $record['state'] && ( 'moving' === $state || self::AGAIN !== $record['why'] ) && in_array( $request->get_param( 'sha256' ), wp_list_pluck( $record['files'], 'sha256' ), true ) ) {
				return $record;
			}
		}
		return null;
	}

	/**
	 * Where the file of an attachment lies that the plugin has put away by itself.
	 *
	 * @param WP_REST_Request $request `attachment`.
	 * @return string Empty where it has not.
	 */
	private function put_away_by_us( WP_REST_Request $request ) {
		foreach ( $this->quarantine->records() as $record ) {
			$stored = $record['folder'] . '/' . $record['files'][0]['stored'];
			if ( (int) $record['attachment'] === $request->get_param( 'attachment' ) && '' !== $record['case'] && 'held' === $record['state'] && is_file( $stored ) ) {
				return $stored;
			}
		}
		return '';
	}

	/**
	 * For which case the sidecar asks.
	 *
	 * @param WP_REST_Request $request `case`.
	 * @return string Empty where it names none, as an older one.
	 */
	private static function case_of( WP_REST_Request $request ) {
		$case = $request->get_param( 'case' );
		return is_string( $case ) && preg_match( Upload_Guard_Client::CASE_NUMBER, $case ) ? $case : '';
	}

	/**
	 * Where the file of an attachment lies, as it was uploaded.
	 *
	 * @param WP_REST_Request $request `attachment`.
	 * @return string Empty where there is none among the uploads.
	 */
	private static function path_of( WP_REST_Request $request ) {
		$id = $request->get_param( 'attachment' );
		if ( ! is_int( $id ) || 'attachment' !== get_post_type( $id ) ) {
			return '';
		}
		$path = wp_get_original_image_path( $id );
		$path = is_string( $path ) && is_file( $path ) ? $path : get_attached_file( $id, true );
		return is_string( $path ) && is_file( $path ) && Upload_Guard_Media::is_upload( $path ) ? $path : '';
	}

	/**
	 * Its file is not here: gone with its attachment, or put away; else it is elsewhere, and may come back.
	 *
	 * A disk may be missing, or a service may keep media: nobody can say from here whether it is shown.
	 *
	 * @param WP_REST_Request $request `attachment`.
	 * @return WP_Error
	 */
	private function missing( WP_REST_Request $request ) {
		$id = $request->get_param( 'attachment' );
		if ( ! is_int( $id ) || 'attachment' !== get_post_type( $id ) ) {
			return self::gone();
		}
		foreach ( $this->quarantine->records() as $record ) {
			if ( (int) $record['attachment'] === $id && self::AGAIN !== $record['why'] ) {
				return self::gone();
			}
		}
		return new WP_Error( 'upload_guard_elsewhere', 'Its file is not on this server.', array( 'status' => 503 ) );
	}

	/**
	 * Its files are neither all there nor all away: to be asked again.
	 *
	 * @return WP_Error
	 */
	private static function at_it() {
		return new WP_Error( 'upload_guard_moving', 'Its files are being moved.', array( 'status' => 503 ) );
	}

	/**
	 * Nothing lies there.
	 *
	 * @return WP_Error
	 */
	private static function gone() {
		return new WP_Error( 'upload_guard_gone', 'There is no such file.', array( 'status' => 404 ) );
	}
}
