<?php
/**
 * Puts files away, and back.
 *
 * @package Upload_Guard
 */

// Moves files as they are, with their rights and times, which WP_Filesystem cannot keep.
// phpcs:disable WordPress.WP.AlternativeFunctions, WordPress.PHP.NoSilencedErrors

/**
 * Nothing is deleted: a file is moved to a folder that no address leads to, its post made private, and a record
 * of both is kept in the database and beside the file, so that `restore` gives back byte for byte what was there.
 */
final class Upload_Guard_Quarantine {

	const PREFIX   = 'upload_guard_held_';
	const RESTORED = 'upload_guard_restored';

	/**
	 * Tells the sidecar what became of a file.
	 *
	 * @var Upload_Guard_Client
	 */
	private $client;

	/**
	 * What is put away.
	 *
	 * @var Upload_Guard_Rows
	 */
	private $rows;

	/**
	 * One for each request of PHP.
	 *
	 * @param Upload_Guard_Client $client See the field.
	 */
	public function __construct( Upload_Guard_Client $client ) {
		$this->client = $client;
		$this->rows   = new Upload_Guard_Rows( self::PREFIX );
	}

	/**
	 * Put away all files of an attachment.
	 *
	 * @param int                  $attachment_id The attachment.
	 * @param Upload_Guard_Verdict $verdict       One that refuses.
	 * @param string               $why           attachment, late or scan.
	 * @return string The record's id; empty where not all could be moved.
	 */
	public function hold_attachment( $attachment_id, Upload_Guard_Verdict $verdict, $why ) {
		return $this->put_away( Upload_Guard_Media::files_of( $attachment_id ), $attachment_id, $verdict, $why );
	}

	/**
	 * Put away one file, and all of its attachment's where it has one.
	 *
	 * @param string               $path          Where it lies.
	 * @param int                  $attachment_id Its attachment; 0: none is known.
	 * @param Upload_Guard_Verdict $verdict       One that refuses.
	 * @param string               $why           attachment, late or scan.
	 * @return string The record's id; empty where not all could be moved.
	 */
	public function hold( $path, $attachment_id, Upload_Guard_Verdict $verdict, $why ) {
		$attachment_id = $attachment_id ? $attachment_id : Upload_Guard_Media::attachment_of( $path );
		$files         = $attachment_id ? Upload_Guard_Media::files_of( $attachment_id ) : array();
		return $this->put_away( array_values( array_unique( array_merge( array( $path ), $files ) ) ), $attachment_id, $verdict, $why );
	}

	/**
	 * Put everything back.
	 *
	 * @param string $id The record's id.
	 * @return true|WP_Error
	 */
	public function restore( $id ) {
		$record = $this->find( $id );
		if ( ! $record ) {
			return new WP_Error( 'upload_guard_no_record', __( 'Nothing with that ID is in quarantine.', 'upload-guard' ) );
		}
		// Where it was put, whatever folder is named now; else where that one was moved to.
		$folder = isset( $record['folder'] ) && is_dir( $record['folder'] ) ? $record['folder'] : $this->folder_of( $id );
		foreach ( $record['files'] as $file ) {
			$fault = Upload_Guard_Shelf::fault_of_stored( $file, $folder );
			if ( '' !== $fault ) {
				return new WP_Error( 'upload_guard_not_restored', $fault );
			}
		}
		foreach ( $record['files'] as $file ) {
			$stored = $folder . '/' . $file['stored'];
			if ( ! is_file( $stored ) ) {
				continue;
			}
			wp_mkdir_p( dirname( $file['path'] ) );
			if ( ! Upload_Guard_Shelf::move( $stored, $file['path'], $file['sha256'] ) ) {
				/* translators: %s: path of a file. */
				return new WP_Error( 'upload_guard_not_restored', sprintf( __( '%s could not be moved back.', 'upload-guard' ), $file['path'] ) );
			}
			@chmod( $file['path'], $file['mode'] );
			@touch( $file['path'], $file['mtime'] );
			self::note_restored( $file['sha256'] );
		}
		self::set_status( (int) $record['attachment'], $record['status'] );
		$record['state']  = 'restored';
		$record['folder'] = $folder;
		$this->write_beside( $record );
		delete_option( self::PREFIX . $id );
		$this->tell( $record, 'kept' );
		return true;
	}

	/**
	 * The cases for which something is put away.
	 *
	 * @param array<string, mixed> $record The record.
	 * @return array<int, string> Their numbers.
	 */
	public static function cases_of( array $record ) {
		$others = isset( $record['others'] ) ? $record['others'] : array();
		return array_values( array_filter( array_merge( array( $record['case'] ), $others ), 'strlen' ) );
	}

	/**
	 * It is put away already: from now on for another case as well. What a sidecar took that named no case, it gives
	 * back by itself.
	 *
	 * @param array<string, mixed> $record      The record.
	 * @param string               $case_number That case.
	 * @return bool False: it is on its way back, or was changed meanwhile.
	 */
	public function hold_for( array $record, $case_number ) {
		$cases = self::cases_of( $record );
		if ( '' !== $record['case'] && ! in_array( $case_number, $cases, true ) && ! $this->amend( $record, array_merge( $cases, array( $case_number ) ) ) ) {
			return false;
		}
		$this->client->tell( $case_number, 'hidden', 'quarantine ' . $record['id'] );
		return true;
	}

	/**
	 * One of several cases was released: it stays away for the others.
	 *
	 * @param array<string, mixed> $record      The record.
	 * @param string               $case_number That case.
	 * @return bool False: the record was changed meanwhile.
	 */
	public function release_of( array $record, $case_number ) {
		$cases = self::cases_of( $record );
		return ! in_array( $case_number, $cases, true ) || $this->amend( $record, array_diff( $cases, array( $case_number ) ) );
	}

	/**
	 * Write down for which cases it is put away, unless somebody has changed the record or put all of it back.
	 *
	 * @param array<string, mixed> $record The record, as it was read.
	 * @param array<int, string>   $cases  Their numbers.
	 * @return bool Whether it is written down.
	 */
	private function amend( array $record, array $cases ) {
		$cases  = array_values( array_unique( $cases ) );
		$before = $record;

		$record['case']   = (string) array_shift( $cases );
		$record['others'] = $cases;
		return $this->rows->replace( self::PREFIX . $record['id'], $before, $record ) && $this->write_beside( $record );
	}

	/**
	 * A record.
	 *
	 * @param string $id Its id.
	 * @return array<string, mixed>|null
	 */
	public function find( $id ) {
		$record = preg_match( '/^[0-9a-f]{12}$/', $id ) ? get_option( self::PREFIX . $id ) : null;
		return is_array( $record ) ? $record : null;
	}

	/**
	 * All records of what is in quarantine, the oldest first.
	 *
	 * @return array<int, array<string, mixed>>
	 */
	public function records() {
		return array_values( $this->rows->all() );
	}

	/**
	 * Whether an attachment is put away.
	 *
	 * @param int $attachment_id The attachment.
	 * @return bool
	 */
	public function holds( $attachment_id ) {
		foreach ( $this->records() as $record ) {
			if ( (int) $record['attachment'] === $attachment_id && 'held' === $record['state'] ) {
				return true;
			}
		}
		return false;
	}

	/**
	 * Put back what was put away in part when PHP was ended: it is either all away or all there, and checked again.
	 *
	 * @return array<int, array<string, mixed>> Their records.
	 */
	public function undo_interrupted() {
		$undone = array();
		foreach ( $this->records() as $record ) {
			// Whoever is at it now has long ended by then.
			if ( 'moving' === $record['state'] && $record['at'] < time() - 10 * MINUTE_IN_SECONDS && $this->take_back( $record ) ) {
				$undone[] = $record;
			}
		}
		return $undone;
	}

	/**
	 * Whether a person has put back a file with this content: a scan then reports it, and leaves it.
	 *
	 * @param string $path Where it lies.
	 * @return bool
	 */
	public static function was_restored( $path ) {
		return in_array( hash_file( 'sha256', $path ), (array) get_option( self::RESTORED, array() ), true );
	}

	/**
	 * Put files away, all of them or none. The record is written first: whatever ends this half way, `restore` knows of
	 * each file.
	 *
	 * @param array<int, string>   $paths         Where they lie.
	 * @param int                  $attachment_id Their attachment; 0: none.
	 * @param Upload_Guard_Verdict $verdict       One that refuses.
	 * @param string               $why           attachment, late or scan.
	 * @return string The record's id; empty where not all could be moved.
	 */
	private function put_away( array $paths, $attachment_id, Upload_Guard_Verdict $verdict, $why ) {
		$paths = array_unique( array_merge( $paths, Upload_Guard_Media::other_formats_of( $paths ) ) );
		$paths = array_values( array_filter( $paths, array( 'Upload_Guard_Media', 'is_upload' ) ) );
		if ( ! $paths ) {
			return '';
		}
		$id     = bin2hex( random_bytes( 6 ) );
		$record = array(
			'id'         => $id,
			'state'      => 'moving',
			'attachment' => $attachment_id,
			'status'     => $attachment_id ? (string) get_post_field( 'post_status', $attachment_id, 'raw' ) : '',
			'case'       => $verdict->case_number,
			'result'     => $verdict->result,
			'why'        => $why,
			'at'         => time(),
			'folder'     => $this->folder_of( $id ),
			'files'      => array(),
		);
		foreach ( $paths as $number => $path ) {
			$record['files'][] = array(
				'path'   => $path,
				'stored' => $number . '.held',
				'sha256' => (string) hash_file( 'sha256', $path ),
				'mode'   => fileperms( $path ) & 07777,
				'mtime'  => filemtime( $path ),
			);
		}
		if ( ! wp_mkdir_p( $record['folder'] ) || ! $this->write_beside( $record ) || ! $this->rows->put( self::PREFIX . $id, $record ) ) {
			return '';
		}
		self::set_status( $attachment_id, 'private' );
		foreach ( $record['files'] as $file ) {
			$stored = $record['folder'] . '/' . $file['stored'];
			if ( ! Upload_Guard_Shelf::move( $file['path'], $stored, $file['sha256'] ) ) {
				$this->tell( $record, 'failed' );
				$this->take_back( $record );
				return '';
			}
			@chmod( $stored, 0600 );
		}
		$record['state'] = 'held';
		$this->rows->put( self::PREFIX . $id, $record );
		$this->write_beside( $record );
		$this->tell( $record, 'hidden' );
		return $id;
	}

	/**
	 * Undo a record whose files could not all be moved: what is shown as put away must be away.
	 *
	 * @param array<string, mixed> $record The record.
	 * @return bool Whether all is where it was. Else the record stays, and `restore` can be tried.
	 */
	private function take_back( array $record ) {
		foreach ( $record['files'] as $file ) {
			$stored = $record['folder'] . '/' . $file['stored'];
			// What lies there may be in the way, and not what was moved.
			if ( ! is_file( $stored ) || hash_file( 'sha256', $stored ) !== $file['sha256'] ) {
				continue;
			}
			if ( is_file( $file['path'] ) && hash_file( 'sha256', $file['path'] ) === $file['sha256'] ) {
				// A copy whose original was still to go when PHP was ended.
				@unlink( $stored );
				continue;
			}
			if ( ! Upload_Guard_Shelf::move( $stored, $file['path'], $file['sha256'] ) ) {
				return false;
			}
			@chmod( $file['path'], $file['mode'] );
		}
		self::set_status( (int) $record['attachment'], $record['status'] );
		$this->rows->remove( self::PREFIX . $record['id'], $record );
		@unlink( $record['folder'] . '/record.json' );
		@rmdir( $record['folder'] );
		return true;
	}

	/**
	 * Tell the sidecar, so that its case shows what the site did.
	 *
	 * @param array<string, mixed> $record  The record.
	 * @param string               $outcome hidden, failed, or kept where a person has put it back.
	 */
	private function tell( array $record, $outcome ) {
		foreach ( array_diff( self::cases_of( $record ), array( 'canary' ) ) as $case_number ) {
			$this->client->tell( $case_number, $outcome, 'quarantine ' . $record['id'] );
		}
	}

	/**
	 * Change an attachment's status and nothing else of it: no revision, no date.
	 *
	 * @param int    $attachment_id The attachment; 0: none.
	 * @param string $status        The status.
	 */
	private static function set_status( $attachment_id, $status ) {
		global $wpdb;
		if ( ! $attachment_id || '' === $status ) {
			return;
		}
		// phpcs:ignore WordPress.DB.DirectDatabaseQuery -- wp_update_post would change the dates, which must come back as they were.
		$wpdb->update( $wpdb->posts, array( 'post_status' => $status ), array( 'ID' => $attachment_id ) );
		clean_post_cache( $attachment_id );
	}

	/**
	 * The folder of one record.
	 *
	 * @param string $id The record's id.
	 * @return string
	 */
	private function folder_of( $id ) {
		return Upload_Guard_Shelf::folder() . '/' . $id;
	}

	/**
	 * Write the record beside the files, for whoever has the folder and no database.
	 *
	 * @param array<string, mixed> $record The record.
	 * @return bool
	 */
	private function write_beside( array $record ) {
		return false !== @file_put_contents( $record['folder'] . '/record.json', wp_json_encode( $record, JSON_PRETTY_PRINT | JSON_UNESCAPED_SLASHES ) );
	}

	/**
	 * Remember what a person has put back.
	 *
	 * @param string $sha256 Lower-case hex digits.
	 */
	private static function note_restored( $sha256 ) {
		$known = (array) get_option( self::RESTORED, array() );
		update_option( self::RESTORED, array_values( array_unique( array_merge( $known, array( $sha256 ) ) ) ), false );
	}
}
