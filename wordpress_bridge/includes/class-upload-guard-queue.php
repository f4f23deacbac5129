<?php
/**
 * What passed unchecked, and its later check.
 *
 * @package Upload_Guard
 */

/**
 * One option a file, so that nothing is lost where two requests write at once, and no table has to be made.
 */
final class Upload_Guard_Queue {

	const PREFIX = 'upload_guard_queue_';
	const EVENT  = 'upload_guard_run_queue';
	const LOCK   = 'upload_guard_queue_run';

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
	 * One for each request of PHP.
	 *
	 * @param Upload_Guard_Checker    $checker    See the field.
	 * @param Upload_Guard_Quarantine $quarantine See the field.
	 */
	public function __construct( Upload_Guard_Checker $checker, Upload_Guard_Quarantine $quarantine ) {
		$this->checker    = $checker;
		$this->quarantine = $quarantine;
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
	 * Queue a file whose verdict is unknown.
	 *
	 * @param string               $path          Where it lies.
	 * @param int                  $attachment_id Its attachment; 0: none yet.
	 * @param Upload_Guard_Verdict $verdict       The verdict.
	 */
	public function add_if_unknown( $path, $attachment_id, Upload_Guard_Verdict $verdict ) {
		// Before there is a sidecar nobody can check anything: that is for a scan, once there is one.
		if ( ! $verdict->is_unknown() || 'not_configured' === $verdict->fault ) {
			return;
		}
		$name = self::PREFIX . sha1( $path );
		$row  = array(
			'path'       => $path,
			'attachment' => $attachment_id,
			'since'      => time(),
			'tries'      => 0,
			'next'       => time(),
			'fault'      => $verdict->fault,
		);
		$old  = get_option( $name );
		if ( is_array( $old ) ) {
			$row['attachment'] = $attachment_id ? $attachment_id : (int) $old['attachment'];
			$row['since']      = $old['since'];
		}
		update_option( $name, $row, false );
		$this->schedule( MINUTE_IN_SECONDS );
	}

	/**
	 * How many files wait.
	 *
	 * @return int
	 */
	public function count() {
		global $wpdb;
		// phpcs:ignore WordPress.DB.DirectDatabaseQuery -- Options have no search by prefix; counts must be true.
		return (int) $wpdb->get_var( $wpdb->prepare( "SELECT COUNT(*) FROM {$wpdb->options} WHERE option_name LIKE %s", $wpdb->esc_like( self::PREFIX ) . '%' ) );
	}

	/**
	 * The files that wait, the oldest first.
	 *
	 * @param int $limit At most so many.
	 * @return array<string, array<string, mixed>> Rows by option name.
	 */
	public function rows( $limit ) {
		global $wpdb;
		// phpcs:ignore WordPress.DB.DirectDatabaseQuery -- As above.
		$names = $wpdb->get_col( $wpdb->prepare( "SELECT option_name FROM {$wpdb->options} WHERE option_name LIKE %s ORDER BY option_id LIMIT %d", $wpdb->esc_like( self::PREFIX ) . '%', $limit ) );
		$rows  = array();
		foreach ( $names as $name ) {
			$row = get_option( $name );
			if ( is_array( $row ) ) {
				$rows[ $name ] = $row;
			}
		}
		return $rows;
	}

	/**
	 * See to it that what waits is looked after.
	 */
	public function go_on() {
		if ( $this->count() ) {
			$this->schedule( MINUTE_IN_SECONDS );
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
		require_once ABSPATH . 'wp-admin/includes/class-wp-upgrader.php';
		$done = array(
			'allowed' => 0,
			'held'    => 0,
			'gone'    => 0,
			'waiting' => 0,
		);
		if ( ! WP_Upgrader::create_lock( self::LOCK, 10 * MINUTE_IN_SECONDS ) ) {
			return $done;
		}
		$left = $limit ? $limit : 50;
		// All rows: those that are never settled, such as files too large for the sidecar, must not stand before the others.
		foreach ( $this->rows( PHP_INT_MAX ) as $name => $row ) {
			$is_due = $left > 0 && ( $now || $row['next'] <= time() );
			$left  -= (int) $is_due;
			$became = $is_due ? $this->check( $name, $row ) : 'waiting';
			++$done[ $became ];
		}
		WP_Upgrader::release_lock( self::LOCK );
		if ( $this->count() ) {
			$this->schedule( 5 * MINUTE_IN_SECONDS );
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
			delete_option( $name );
			return 'gone';
		}
		$verdict = $this->checker->judge( $path, 'late' );
		$fault   = $verdict->fault;
		if ( 'unchecked' === $verdict->result ) {
			// There was no list to compare it with: nobody has looked at it yet.
			$fault = 'unchecked';
		} elseif ( $verdict->is_refused() && '' === $this->quarantine->hold( $path, (int) $row['attachment'], $verdict, 'late' ) ) {
			$fault = 'not_moved';
		}
		if ( '' !== $fault ) {
			++$row['tries'];
			$row['next']  = time() + min( DAY_IN_SECONDS, MINUTE_IN_SECONDS * pow( 2, min( 10, $row['tries'] ) ) );
			$row['fault'] = $fault;
			update_option( $name, $row, false );
			return 'waiting';
		}
		delete_option( $name );
		return $verdict->is_refused() ? 'held' : 'allowed';
	}

	/**
	 * Where the file of a row lies now: what makes other sizes or formats may have put another one in its place.
	 *
	 * @param array<string, mixed> $row The option's value.
	 * @return string Empty: there is neither a file nor an attachment any more. A path without a file: it is elsewhere,
	 *                such as on a service that keeps media, and nobody can check it from here.
	 */
	private function where( array $row ) {
		if ( is_file( $row['path'] ) ) {
			return $row['path'];
		}
		$attachment_id = (int) $row['attachment'];
		if ( ! $attachment_id || 'attachment' !== get_post_type( $attachment_id ) ) {
			return '';
		}
		if ( in_array( $attachment_id, array_column( $this->quarantine->records(), 'attachment' ), true ) ) {
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
	private function schedule( $seconds ) {
		if ( ! wp_next_scheduled( self::EVENT ) ) {
			wp_schedule_single_event( time() + $seconds, self::EVENT );
		}
	}
}
