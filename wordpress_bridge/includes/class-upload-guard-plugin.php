<?php
/**
 * Puts the parts together.
 *
 * @package Upload_Guard
 */

/**
 * The one place that builds the parts and hooks them in.
 */
final class Upload_Guard_Plugin {

	const CONFIG  = 'upload_guard_config';
	const REFRESH = 'upload_guard_refresh';

	/**
	 * What the administrator has chosen.
	 *
	 * @var Upload_Guard_Options
	 */
	public $options;

	/**
	 * Asks the sidecar.
	 *
	 * @var Upload_Guard_Client
	 */
	public $client;

	/**
	 * Leaves a silent sidecar alone.
	 *
	 * @var Upload_Guard_Circuit
	 */
	public $circuit;

	/**
	 * Judges files.
	 *
	 * @var Upload_Guard_Checker
	 */
	public $checker;

	/**
	 * Puts files away.
	 *
	 * @var Upload_Guard_Quarantine
	 */
	public $quarantine;

	/**
	 * Where uploads went.
	 *
	 * @var Upload_Guard_Places
	 */
	public $places;

	/**
	 * What passed unchecked.
	 *
	 * @var Upload_Guard_Queue
	 */
	public $queue;

	/**
	 * Goes through the library.
	 *
	 * @var Upload_Guard_Scanner
	 */
	public $scanner;

	/**
	 * Hears the sidecar.
	 *
	 * @var Upload_Guard_Events
	 */
	public $events;

	/**
	 * Tells whether the sidecar asks.
	 *
	 * @var Upload_Guard_Signed
	 */
	private $signed;

	/**
	 * Build all parts.
	 */
	public function __construct() {
		$this->options    = new Upload_Guard_Options();
		$access           = $this->options->access();
		$this->client     = new Upload_Guard_Client( new Upload_Guard_Http( $access ), $access, self::language(), array( __CLASS__, 'largest' ) );
		$this->circuit    = new Upload_Guard_Circuit();
		$this->checker    = new Upload_Guard_Checker( $this->client, $this->options, $this->circuit );
		$this->quarantine = new Upload_Guard_Quarantine( $this->client );
		$this->places     = new Upload_Guard_Places( $this->client, $this->circuit );
		$this->queue      = new Upload_Guard_Queue( $this->checker, $this->quarantine, $this->places );
		$this->scanner    = new Upload_Guard_Scanner( $this->checker, $this->quarantine, $this->queue, $this->places );
		$this->signed     = new Upload_Guard_Signed( $access );
		$this->events     = new Upload_Guard_Events( $this->signed, new Upload_Guard_Late_Match( $this->client, $this->quarantine ) );
	}

	/**
	 * Hook everything in.
	 */
	public static function start() {
		$plugin = new self();
		$layers = array(
			new Upload_Guard_Hooks( $plugin->checker, $plugin->queue, $plugin->places ),
			new Upload_Guard_Attached( $plugin->checker, $plugin->queue, $plugin->quarantine, $plugin->places ),
		);
		foreach ( array( ...$layers, $plugin->queue, $plugin->scanner, $plugin->places, $plugin->events ) as $part ) {
			$part->register();
		}
		Upload_Guard_Marks::register();
		$pages = array( new Upload_Guard_Settings( $plugin ), new Upload_Guard_Site_Health( $plugin ), new Upload_Guard_Notices( $plugin ) );
		foreach ( $pages as $page ) {
			$page->register();
		}
		$files = new Upload_Guard_Files( $plugin->signed, $plugin->quarantine );
		$files->register();
		add_action( 'init', array( $plugin, 'init' ) );
		add_action( self::REFRESH, array( $plugin, 'refresh' ) );
		register_deactivation_hook( UPLOAD_GUARD_FILE, array( __CLASS__, 'deactivate' ) );
		if ( defined( 'WP_CLI' ) && WP_CLI ) {
			WP_CLI::add_command( 'upload-guard', new Upload_Guard_CLI( $plugin ) );
		}
	}

	/**
	 * Words, and the hourly look at the sidecar.
	 */
	public function init() {
		// Not only in the plugin directory's own place: a host loads this file from a folder of its own.
		load_textdomain( 'upload-guard', dirname( UPLOAD_GUARD_FILE ) . '/languages/upload-guard-' . determine_locale() . '.mo' );
		if ( $this->options->access()->is_complete() && ! wp_next_scheduled( self::REFRESH ) ) {
			wp_schedule_event( time() + MINUTE_IN_SECONDS, 'hourly', self::REFRESH );
		}
	}

	/**
	 * Ask the sidecar what a site has to know, and keep it.
	 *
	 * @return Upload_Guard_Answer
	 */
	public function refresh() {
		$answer = $this->client->config();
		if ( 200 === $answer->status && isset( $answer->fields['max_file'] ) ) {
			set_site_transient( self::CONFIG, $answer->fields, DAY_IN_SECONDS );
			$this->circuit->close();
			if ( ! empty( $answer->fields['ready'] ) ) {
				$this->queue->wake( ! empty( $answer->fields['lists_active'] ) );
			}
		}
		return $answer;
	}

	/**
	 * Leave no event behind. Settings, queue and quarantine stay.
	 */
	public static function deactivate() {
		foreach ( array( self::REFRESH, Upload_Guard_Queue::EVENT, Upload_Guard_Scanner::EVENT ) as $event ) {
			wp_clear_scheduled_hook( $event );
		}
	}

	/**
	 * The language of whoever is there, such as "nl".
	 *
	 * @return string
	 */
	private static function language() {
		// The person is not known yet when plugins are loaded: the site's language.
		return strtolower( substr( get_locale(), 0, 2 ) );
	}

	/**
	 * The largest file that the sidecar takes, in bytes, as it last told.
	 *
	 * @return int
	 */
	public static function largest() {
		$config = get_site_transient( self::CONFIG );
		return isset( $config['max_file'] ) && is_int( $config['max_file'] ) ? $config['max_file'] : PHP_INT_MAX;
	}
}
