<?php
/**
 * What passed unchecked, and its later check.
 *
 * @package Upload_Guard
 */

/**
 * One row a file. Fail-open is no more than a promise to look later; this keeps it.
 */
final class Upload_Guard_Queue {

	const PREFIX = 'upload_guard_queue_';
	const EVENT  = 'upload_guard_run_queue';
	const LOCK   = 'upload_guard_queue_run';

	/**
	 * Faults that an answer of the sidecar's does not mend.
	 */
	const OF_THIS_SITE = array( 'too_large', 'body_too_large', 'unreadable', 'slow_file', 'not_moved' );

	/**
	 * What a run counts.
	 */
	const NOTHING = array(
		'allowed' => 0,
		'held'    => 0,
		'gone'    => 0,
		'waiting' => 0,
	);

	/**
	 * Judges files.
	 *
	 * @var Upload_Guard_Checker
	 */
	private $checker;

	/**
	 * Takes what is found on a list.
	 *
	 * @var Upload_Guard_Quarantine
	 */
	private $quarantine;

	/**
	 * Learns where they went.
	 *
	 * @var Upload_Guard_Places
	 */
	private $places;

	/**
	 * What waits.
	 *
	 * @var Upload_Guard_Rows
	 */
	private $rows;

	/**
	 * One for each request of PHP.
	 *
	 * @param Upload_Guard_Checker    $checker    See the field.
	 * @param Upload_Guard_Quarantine $quarantine See the field.
	 * @param Upload_Guard_Places     $places     See the field.
	 */
	public function __construct( Upload_Guard_Checker $checker, Upload_Guard_Quarantine $quarantine, Upload_Guard_Places $places ) {
		$this->checker    = $checker;
		$this->quarantine = $quarantine;
		$this->places     = $places;
		$this->rows       = new Upload_Guard_Rows( self::PREFIX );
	}

	/**
	 * Hook in.
	 */
	public function register() {
		add_action( self::EVENT, array( $this, 'run' ) );
		// A run that PHP ended half way has made no appointment for the next one.
		add_action( Upload_Guard_Plugin::REFRESH, array( $this, 'go_on' ) );
	}

	/**
	 * Queue a file that nobody has compared with anything.
	 *
	 * @param string               $path          Where it lies.
	 * @param int                  $attachment_id Its attachment; 0: none yet.
	 * @param Upload_Guard_Verdict $verdict       The verdict.
	 */
	public function add_if_unchecked( $path, $attachment_id, Upload_Guard_Verdict $verdict ) {
		// Before there is a sidecar nobody can check anything: that is for a scan, once there is one.
		if ( ! in_array( $verdict->why_unchecked(), array( '', 'not_configured' ), true ) ) {
			$this->add( $path, $attachment_id, $verdict->why_unchecked() );
		}
	}

	/**
	 * Queue a file.
	 *
	 * @param string $path          Where it lies.
	 * @param int    $attachment_id Its attachment; 0: none yet.
	 * @param string $fault         Why nobody has looked at it.
	 */
	private function add( $path, $attachment_id, $fault ) {
		$name = self::PREFIX . sha1( $path );
		$old  = $this->rows->find( $name );
		$row  = array(
			'path'       => $path,
			'attachment' => $attachment_id || ! $old ? $attachment_id : (int) $old['attachment'],
			'since'      => $old ? $old['since'] : time(),
			'tries'      => 0,
			'next'       => time(),
			'fault'      => $fault,
			'folders'    => Upload_Guard_Media::folders_above( $path ),
			// Another file at the same path is another row, also within the same second.
			'mark'       => bin2hex( random_bytes( 4 ) ),
		);
		$this->rows->put( $name, $row );
		self::schedule( MINUTE_IN_SECONDS );
	}

	/**
	 * How many files wait.
	 *
	 * @return int
	 */
	public function count() {
		return $this->rows->count();
	}

	/**
	 * The files that wait, the oldest first.
	 *
	 * @param int $limit At most so many.
	 * @return array<string, array<string, mixed>> Rows by option name.
	 */
	public function rows( $limit ) {
		return $this->rows->all( $limit );
	}

	/**
	 * The file that was queued last; null where none waits.
	 *
	 * @return array<string, mixed>|null
	 */
	public function newest() {
		return $this->rows->newest();
	}

	/**
	 * The sidecar answers: whatever waited for it is due now.
	 *
	 * @param bool $lists_active Whether it has something to compare with.
	 */
	public function wake( $lists_active ) {
		foreach ( $this->rows->all() as $name => $row ) {
			$waits = in_array( $row['fault'], self::OF_THIS_SITE, true ) || ( 'unchecked' === $row['fault'] && ! $lists_active );
			if ( ! $waits && $row['next'] > time() ) {
				$this->rows->replace( $name, $row, array( 'next' => time() ) + $row );
			}
		}
		$this->go_on();
	}

	/**
	 * See to it that what waits is looked after.
	 */
	public function go_on() {
		if ( $this->count() || in_array( 'moving', array_column( $this->quarantine->records(), 'state' ), true ) ) {
			self::schedule( MINUTE_IN_SECONDS );
		}
	}

	/**
	 * Check what is due.
	 *
	 * @param int  $limit At most so many files.
	 * @param bool $now   True: also those whose next try is later.
	 * @return array<string, int> How many were allowed, held, gone, and wait.
	 */
	public function run( $limit = 50, $now = false ) {
		$done = Upload_Guard_Lock::alone(
			self::LOCK,
			function () use ( $limit, $now ) {
				return $this->check_all( $limit ? $limit : 50, $now );
			}
		);
		if ( null === $done ) {
			return self::NOTHING;
		}
		if ( $this->count() ) {
			self::schedule( 5 * MINUTE_IN_SECONDS );
		}
		return $done;
	}

	/**
	 * Check what is due.
	 *
	 * @param int  $left At most so many files.
	 * @param bool $now  True: also those whose next try is later.
	 * @return array<string, int> How many became what.
	 */
	private function check_all( $left, $now ) {
		$done = self::NOTHING;
		foreach ( $this->quarantine->undo_interrupted() as $record ) {
			$this->add( $record['files'][0]['path'], (int) $record['attachment'], 'not_moved' );
		}
		// All rows: those that are never settled, such as files too large for the sidecar, must not stand before the others.
		foreach ( $this->rows( PHP_INT_MAX ) as $name => $row ) {
			$is_due = $left > 0 && ( $now || $row['next'] <= time() );
			$left  -= (int) $is_due;
			$became = $is_due ? $this->check( $name, $row ) : 'waiting';
			++$done[ $became ];
		}
		return $done;
	}

	/**
	 * Check one file.
	 *
	 * @param string               $name The option that holds it.
	 * @param array<string, mixed> $row  The option's value.
	 * @return string What became of it.
	 */
	private function check( $name, array $row ) {
		$path = $this->where( $row );
		if ( '' === $path ) {
			return $this->rows->remove( $name, $row ) ? 'gone' : 'waiting';
		}
		$verdict = $this->checker->judge( $path, 'late' );
		$fault   = $verdict->why_unchecked();
		if ( $verdict->is_refused() && '' === $this->quarantine->hold( $path, (int) $row['attachment'], $verdict, 'late' ) ) {
			$fault = 'not_moved';
		}
		if ( '' !== $fault ) {
			$longest = in_array( $fault, self::OF_THIS_SITE, true ) ? DAY_IN_SECONDS : HOUR_IN_SECONDS;
			$tries   = $row['tries'] + 1;
			$next    = Upload_Guard_Rows::due( $tries, $longest );
			$this->rows->replace( $name, $row, compact( 'tries', 'next', 'fault' ) + $row );
			return 'waiting';
		}
		if ( ! $this->rows->remove( $name, $row ) ) {
			// Another file has come to the same place meanwhile.
			return 'waiting';
		}
		$this->places->note( $row['attachment'] ? (int) $row['attachment'] : Upload_Guard_Media::attachment_of( $path ), $verdict );
		return $verdict->is_refused() ? 'held' : 'allowed';
	}

	/**
	 * Where the file of a row lies now: what makes other sizes or formats may have put another one in its place.
	 *
	 * @param array<string, mixed> $row The option's value.
	 * @return string Empty: there is neither a file nor an attachment any more. A path without a file: it is elsewhere,
	 *                such as on a service that keeps media or a disk that is not mounted, and nobody can check it from here.
	 */
	private function where( array $row ) {
		if ( is_file( $row['path'] ) ) {
			return $row['path'];
		}
		$attachment_id = (int) $row['attachment'];
		if ( ! $attachment_id || 'attachment' !== get_post_type( $attachment_id ) ) {
			$folders = isset( $row['folders'] ) ? $row['folders'] : array();
			return Upload_Guard_Media::was_removed( $row['path'], $folders ) ? '' : $row['path'];
		}
		if ( $this->quarantine->holds( $attachment_id ) ) {
			// Put away meanwhile, by a scan or by another process.
			return '';
		}
		$attached = get_attached_file( $attachment_id, true );
		return is_string( $attached ) && '' !== $attached ? $attached : $row['path'];
	}

	/**
	 * Have cron look after it.
	 *
	 * @param int $seconds In how long.
	 */
	public static function schedule( $seconds ) {
		if ( ! wp_next_scheduled( self::EVENT ) ) {
			wp_schedule_single_event( time() + $seconds, self::EVENT );
		}
	}
}
