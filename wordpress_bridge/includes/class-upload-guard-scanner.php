<?php
/**
 * Goes through the media library.
 *
 * @package Upload_Guard
 */

/**
 * Attachment by attachment in the order of their ids, a batch at a time; the place is kept after each one.
 */
final class Upload_Guard_Scanner {

	const STATE = 'upload_guard_scan';
	const EVENT = 'upload_guard_run_scan';
	const LOCK  = 'upload_guard_scan_run';
	const BATCH = 20;

	/**
	 * Counts and place of a scan that has not begun.
	 */
	const BEGIN = array(
		'state'    => 'running',
		'cursor'   => 0,
		'total'    => 0,
		'seen'     => 0,
		'held'     => 0,
		'reported' => array(),
		'unknown'  => 0,
		'dry_run'  => false,
		'sizes'    => false,
		'by_cron'  => false,
		'started'  => 0,
		'finished' => 0,
		'fault'    => '',
	);

	/**
	 * Judges files.
	 *
	 * @var Upload_Guard_Checker
	 */
	private $checker;

	/**
	 * Puts files away.
	 *
	 * @var Upload_Guard_Quarantine
	 */
	private $quarantine;

	/**
	 * Takes what could not be checked by itself.
	 *
	 * @var Upload_Guard_Queue
	 */
	private $queue;

	/**
	 * Learns where they went.
	 *
	 * @var Upload_Guard_Places
	 */
	private $places;

	/**
	 * One for each request of PHP.
	 *
	 * @param Upload_Guard_Checker    $checker    See the field.
	 * @param Upload_Guard_Quarantine $quarantine See the field.
	 * @param Upload_Guard_Queue      $queue      See the field.
	 * @param Upload_Guard_Places     $places     See the field.
	 */
	public function __construct( Upload_Guard_Checker $checker, Upload_Guard_Quarantine $quarantine, Upload_Guard_Queue $queue, Upload_Guard_Places $places ) {
		$this->checker    = $checker;
		$this->quarantine = $quarantine;
		$this->queue      = $queue;
		$this->places     = $places;
	}

	/**
	 * Hook in.
	 */
	public function register() {
		add_action( self::EVENT, array( $this, 'run_by_cron' ) );
		// A batch that PHP ended half way has made no appointment for the next one.
		add_action( Upload_Guard_Plugin::REFRESH, array( $this, 'go_on' ) );
	}

	/**
	 * Where the scan is.
	 *
	 * @return array<string, mixed>|null Null where there was none.
	 */
	public function state() {
		$state = get_option( self::STATE );
		return is_array( $state ) ? $state + self::BEGIN : null;
	}

	/**
	 * Begin anew, or go on with one that has not ended.
	 *
	 * @param array<string, bool> $chosen dry_run: say what would be put away, and leave it; sizes: look at every
	 *                                    size of a picture, not only at what was uploaded and what is shown.
	 * @param bool                $anew   True: from the start, whatever there was.
	 * @return array<string, mixed> Where the scan is.
	 */
	public function begin( array $chosen, $anew ) {
		$state = $this->state();
		if ( ! $anew && $state && 'running' === $state['state'] && array_intersect_key( $state, $chosen ) === $chosen ) {
			return $state;
		}
		$state            = $chosen + self::BEGIN;
		$state['total']   = $this->total();
		$state['started'] = time();
		update_option( self::STATE, $state, false );
		return $state;
	}

	/**
	 * Let cron do it.
	 *
	 * @param int $seconds In how long.
	 */
	public function schedule( $seconds = 1 ) {
		$state = $this->state();
		if ( $state && ! $state['by_cron'] ) {
			update_option( self::STATE, array( 'by_cron' => true ) + $state, false );
		}
		if ( ! wp_next_scheduled( self::EVENT ) ) {
			wp_schedule_single_event( time() + $seconds, self::EVENT );
		}
	}

	/**
	 * See to it that a scan that was left to cron comes to its end.
	 */
	public function go_on() {
		$state = $this->state();
		if ( $state && 'running' === $state['state'] && $state['by_cron'] ) {
			$this->schedule();
		}
	}

	/**
	 * A batch, and word to cron for the next one.
	 */
	public function run_by_cron() {
		$state = $this->run( self::BATCH );
		if ( $state && 'running' === $state['state'] ) {
			$this->schedule( '' === $state['fault'] ? 10 : 5 * MINUTE_IN_SECONDS );
		}
	}

	/**
	 * A batch.
	 *
	 * @param int           $limit At most so many attachments.
	 * @param callable|null $tell  Called after each with the state.
	 * @return array<string, mixed>|null Where the scan is; null where none runs or another process is at it.
	 */
	public function run( $limit, $tell = null ) {
		$state = $this->state();
		if ( ! $state || 'running' !== $state['state'] ) {
			return null;
		}
		return Upload_Guard_Lock::alone(
			self::LOCK,
			function () use ( $limit, $tell ) {
				return $this->look_at_some( $limit, $tell );
			}
		);
	}

	/**
	 * A batch, by the one process that is at it.
	 *
	 * @param int           $limit At most so many attachments.
	 * @param callable|null $tell  Called after each with the state.
	 * @return array<string, mixed> Where the scan is.
	 */
	private function look_at_some( $limit, $tell ) {
		$state          = $this->state();
		$ids            = $this->after( (int) $state['cursor'], $limit );
		$state['fault'] = '';
		foreach ( $ids as $id ) {
			$state = $this->look_at( (int) $id, $state );
			if ( '' !== $state['fault'] ) {
				break;
			}
			update_option( self::STATE, $state, false );
			if ( $tell ) {
				call_user_func( $tell, $state );
			}
		}
		if ( '' === $state['fault'] && count( $ids ) < $limit ) {
			$state['state']    = 'done';
			$state['finished'] = time();
		}
		update_option( self::STATE, $state, false );
		return $state;
	}

	/**
	 * How many attachments there are.
	 *
	 * @return int
	 */
	public function total() {
		global $wpdb;
		// phpcs:ignore WordPress.DB.DirectDatabaseQuery -- Private ones count as well.
		return (int) $wpdb->get_var( "SELECT COUNT(*) FROM {$wpdb->posts} WHERE post_type = 'attachment'" );
	}

	/**
	 * The next attachments.
	 *
	 * @param int $cursor Those with a larger id.
	 * @param int $limit  At most so many.
	 * @return array<int, string>
	 */
	private function after( $cursor, $limit ) {
		global $wpdb;
		// phpcs:ignore WordPress.DB.DirectDatabaseQuery -- By id, so that the place holds when posts come and go.
		return $wpdb->get_col( $wpdb->prepare( "SELECT ID FROM {$wpdb->posts} WHERE post_type = 'attachment' AND ID > %d ORDER BY ID LIMIT %d", $cursor, $limit ) );
	}

	/**
	 * Look at one attachment.
	 *
	 * @param int                  $id    The attachment.
	 * @param array<string, mixed> $state Where the scan is.
	 * @return array<string, mixed> Where it is then; with a fault it has not moved.
	 */
	private function look_at( $id, array $state ) {
		$paths = $state['sizes'] ? Upload_Guard_Media::files_of( $id ) : Upload_Guard_Media::main_files_of( $id );
		// No file here, such as one that only a service for media keeps: that is not "looked at and clean". But one
		// that is in quarantine has been looked at.
		$state['unknown'] += (int) ( ! $paths && ! $this->quarantine->holds( $id ) );
		foreach ( $paths as $path ) {
			$verdict = $this->checker->judge( $path, $state['dry_run'] ? 'scan/dry' : 'scan' );
			if ( $verdict->is_unknown() && ! $verdict->is_of_the_file() ) {
				// Nobody there to ask: wait at this very place.
				$state['fault'] = $verdict->fault;
				return $state;
			}
			$this->places->note( $id, $verdict );
			$state['unknown'] += (int) $verdict->is_unseen();
			if ( $verdict->is_refused() ) {
				$state = $this->found( $id, $path, $verdict, $state );
				break;
			}
		}
		$state['cursor'] = $id;
		++$state['seen'];
		return $state;
	}

	/**
	 * Put a listed attachment away, unless it is not ours to move.
	 *
	 * @param int                  $id      The attachment.
	 * @param string               $path    The file that was found.
	 * @param Upload_Guard_Verdict $verdict One that refuses.
	 * @param array<string, mixed> $state   Where the scan is.
	 * @return array<string, mixed>
	 */
	private function found( $id, $path, Upload_Guard_Verdict $verdict, array $state ) {
		$why = '';
		if ( ! Upload_Guard_Media::is_upload( $path ) ) {
			$why = 'not_an_upload';
		} elseif ( Upload_Guard_Quarantine::was_restored( $path ) ) {
			$why = 'restored_by_hand';
		} elseif ( $state['dry_run'] ) {
			$why = 'dry_run';
		} elseif ( '' !== $this->quarantine->hold( $path, $id, $verdict, 'scan' ) ) {
			++$state['held'];
			return $state;
		} else {
			$why = 'not_moved';
		}
		$state['reported'][] = array(
			'attachment' => $id,
			'path'       => $path,
			'case'       => $verdict->case_number,
			'why'        => $why,
		);
		return $state;
	}
}
