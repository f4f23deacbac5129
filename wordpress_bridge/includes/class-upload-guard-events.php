<?php
/**
 * What the sidecar tells by itself.
 *
 * @package Upload_Guard
 */

/**
 * Hears that a list came to know an upload that had passed, and that a case was released. Each word is written down
 * before it is answered, done at once, and done by cron where that failed. Nothing is given back without asking.
 */
final class Upload_Guard_Events {

	const PREFIX = 'upload_guard_event_';
	const LOCK   = 'upload_guard_events_run';
	const FOUND  = 'upload.found';

	/**
	 * With pauses that double up to an hour, about two days.
	 */
	const TRIES = 50;

	/**
	 * How long an attachment is awaited that an upload is to become: plugins make some in the background. One that
	 * comes later is still put away, while the event is kept.
	 */
	const AWAITED_FOR = HOUR_IN_SECONDS;

	/**
	 * Seconds that one run takes: whoever tells waits for no more, and cron does the rest.
	 */
	const PATIENCE = 20;

	/**
	 * How long what was done is known: the sidecar may tell it again for three days.
	 */
	const KEPT = 4 * DAY_IN_SECONDS;

	/**
	 * How long an administrator is told of what could not be done.
	 */
	const SHOWN = 30 * DAY_IN_SECONDS;

	/**
	 * Tells whether the sidecar asks.
	 *
	 * @var Upload_Guard_Signed
	 */
	private $signed;

	/**
	 * Does it.
	 *
	 * @var Upload_Guard_Late_Match
	 */
	private $late_match;

	/**
	 * What was told.
	 *
	 * @var Upload_Guard_Rows
	 */
	private $rows;

	/**
	 * One for each request of PHP.
	 *
	 * @param Upload_Guard_Signed     $signed     See the field.
	 * @param Upload_Guard_Late_Match $late_match See the field.
	 */
	public function __construct( Upload_Guard_Signed $signed, Upload_Guard_Late_Match $late_match ) {
		$this->signed     = $signed;
		$this->late_match = $late_match;
		$this->rows       = new Upload_Guard_Rows( self::PREFIX );
	}

	/**
	 * Hook in.
	 */
	public function register() {
		add_action( 'rest_api_init', array( $this, 'route' ) );
		add_action( Upload_Guard_Queue::EVENT, array( $this, 'run' ) );
		add_action( Upload_Guard_Plugin::REFRESH, array( $this, 'go_on' ) );
		add_action( 'upload_guard_noted', array( $this, 'after_noted' ) );
	}

	/**
	 * An upload has become an attachment: what was told of it before can be done now, whatever came of it then. At the end of
	 * the request, when all sizes are made that are to be put away.
	 *
	 * @param string $upload The upload's id.
	 */
	public function after_noted( $upload ) {
		Upload_Guard_Network::at_home(
			function () use ( $upload ) {
				foreach ( $this->rows->all() as $name => $row ) {
					if ( self::FOUND === $row['event'] && $upload === $row['upload'] ) {
						$this->do_again( $name, $row );
					}
				}
			}
		);
	}

	/**
	 * Have one done again.
	 *
	 * @param string               $name The option that holds it.
	 * @param array<string, mixed> $row  The option's value.
	 */
	private function do_again( $name, array $row ) {
		$due = array(
			'outcome' => Upload_Guard_Late_Match::LATER,
			'tries'   => 0,
			'next'    => time(),
			// The row differs in any case: whoever is at it now has not seen this attachment.
			'mark'    => bin2hex( random_bytes( 4 ) ),
		);
		$this->rows->replace( $name, $row, $due + $row );
		Upload_Guard_Queue::schedule( MINUTE_IN_SECONDS );
		add_action( 'shutdown', array( $this, 'run_at_home' ) );
	}

	/**
	 * Do what is due, whichever site of a network this request is for.
	 */
	public function run_at_home() {
		Upload_Guard_Network::at_home( array( $this, 'run' ) );
	}

	/**
	 * Where it is told.
	 */
	public function route() {
		register_rest_route(
			Upload_Guard_Files::SPACE,
			'/event',
			array(
				'methods'             => 'POST',
				'callback'            => array( $this, 'hear' ),
				'permission_callback' => array( $this->signed, 'is_signed' ),
			)
		);
	}

	/**
	 * Take one event, on the main site of a network: whichever site is told, what follows is looked after there.
	 *
	 * @param WP_REST_Request $request The event.
	 * @return array<string, mixed>|WP_Error
	 */
	public function hear( WP_REST_Request $request ) {
		return Upload_Guard_Network::at_home(
			function () use ( $request ) {
				return $this->take( $request );
			}
		);
	}

	/**
	 * Write one event down, and do it.
	 *
	 * @param WP_REST_Request $request The event.
	 * @return array<string, mixed>|WP_Error
	 */
	private function take( WP_REST_Request $request ) {
		$row = self::row_of( $request );
		if ( $row ) {
			$name = self::PREFIX . $request->get_param( 'id' );
			if ( ! $this->rows->find( $name ) && ! $this->rows->put( $name, $row ) ) {
				return new WP_Error( 'upload_guard_not_noted', 'It could not be written down.', array( 'status' => 500 ) );
			}
			$this->run();
		}
		// What is of no use here is no fault of the sidecar's.
		return array( 'heard' => true );
	}

	/**
	 * Cases whose files are not known to be away: they were not here any more, or could not be put away or back.
	 *
	 * @return array<string, string> Number of the case by the option that holds it, the oldest first.
	 */
	public function unsettled() {
		$those = array();
		foreach ( $this->rows->all() as $name => $row ) {
			if ( ! in_array( $row['outcome'], array( Upload_Guard_Late_Match::SETTLED, Upload_Guard_Late_Match::LATER ), true ) ) {
				$those[ $name ] = $row['case'];
			}
		}
		return $those;
	}

	/**
	 * See to it that what is still to be done is done.
	 */
	public function go_on() {
		if ( array_filter( $this->rows->all(), array( __CLASS__, 'is_open' ) ) ) {
			Upload_Guard_Queue::schedule( MINUTE_IN_SECONDS );
		}
	}

	/**
	 * Do what is due, one process at a time.
	 */
	public function run() {
		if ( $this->rows->count() ) {
			Upload_Guard_Lock::alone(
				self::LOCK,
				function () {
					$this->look_after_all();
				}
			);
		}
		$this->go_on();
	}

	/**
	 * Do what is due.
	 */
	private function look_after_all() {
		$until = time() + self::PATIENCE;
		foreach ( $this->rows->all() as $name => $row ) {
			if ( time() < $until ) {
				$this->look_after( $name, $row );
			}
		}
	}

	/**
	 * Do one, or forget it.
	 *
	 * @param string               $name The option that holds it.
	 * @param array<string, mixed> $row  The option's value.
	 */
	private function look_after( $name, array $row ) {
		if ( ! self::is_open( $row ) ) {
			$kept = Upload_Guard_Late_Match::SETTLED === $row['outcome'] ? self::KEPT : self::SHOWN;
			if ( $row['at'] < time() - $kept ) {
				$this->rows->remove( $name, $row );
			}
			return;
		}
		if ( $row['next'] > time() ) {
			return;
		}
		$tries = $row['tries'] + 1;
		$last  = $tries >= self::TRIES;
		$next  = Upload_Guard_Rows::due( $tries, HOUR_IN_SECONDS );
		$tried = compact( 'tries', 'next' ) + $row;
		// First: what ends PHP here must not end each run at this very row.
		$this->rows->replace( $name, $row, $tried );
		$outcome = self::FOUND === $row['event'] ? $this->outcome_of_match( $row, $last ) : $this->late_match->put_back( $row['case'], $last );
		$this->rows->replace( $name, $tried, compact( 'outcome' ) + $tried );
	}

	/**
	 * Whether there is still something to be done. A file that is not here may be on a disk that is not mounted: an
	 * administrator is told of it, and it is looked for again.
	 *
	 * @param array<string, mixed> $row The event.
	 * @return bool
	 */
	private static function is_open( array $row ) {
		$may_come_back = Upload_Guard_Late_Match::ELSEWHERE === $row['outcome'] && $row['tries'] < self::TRIES;
		return $may_come_back || Upload_Guard_Late_Match::LATER === $row['outcome'];
	}

	/**
	 * Put away what an upload became, or wait for what it is to become.
	 *
	 * @param array<string, mixed> $row  The event.
	 * @param bool                 $last Whether it is not tried again.
	 * @return string A constant of Upload_Guard_Late_Match: never awaited.
	 */
	private function outcome_of_match( array $row, $last ) {
		$outcome = $this->late_match->put_away( $row['upload'], $row['case'], $row['result'], $last );
		if ( Upload_Guard_Late_Match::AWAITED !== $outcome ) {
			return $outcome;
		}
		$is_awaited = time() < $row['at'] + self::AWAITED_FOR && ! $last;
		return $is_awaited ? Upload_Guard_Late_Match::LATER : $this->late_match->give_up( $row['case'], $last );
	}

	/**
	 * What is kept of an event.
	 *
	 * @param WP_REST_Request $request The event.
	 * @return array<string, mixed>|null Null where there is nothing to do here.
	 */
	private static function row_of( WP_REST_Request $request ) {
		$forms = array(
			'id'   => '/^[0-9a-f]{32}$/D',
			'case' => Upload_Guard_Client::CASE_NUMBER,
		);
		$event = $request->get_param( 'event' );
		if ( self::FOUND === $event ) {
			$forms += array(
				'upload' => Upload_Guard_Client::UPLOAD,
				'result' => '/^(match|near)$/D',
			);
		} elseif ( 'case.changed' !== $event || 'released' !== $request->get_param( 'state' ) ) {
			return null;
		}
		$row = array(
			'event'   => $event,
			'at'      => time(),
			'tries'   => 0,
			'next'    => time(),
			'outcome' => Upload_Guard_Late_Match::LATER,
		);
		foreach ( $forms as $field => $form ) {
			$value = $request->get_param( $field );
			if ( ! is_string( $value ) || ! preg_match( $form, $value ) ) {
				return null;
			}
			$row[ $field ] = $value;
		}
		return $row;
	}
}
