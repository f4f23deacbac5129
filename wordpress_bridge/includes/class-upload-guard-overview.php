<?php
/**
 * What waits, what is put away, and how far scans are.
 *
 * @package Upload_Guard
 */

/**
 * A part of the settings page: of this site, or of each site of the network. Whoever shows it has asked who may see it.
 */
final class Upload_Guard_Overview {

	const SITES = 50;

	/**
	 * The parts.
	 *
	 * @var Upload_Guard_Plugin
	 */
	private $plugin;

	/**
	 * One for each request of PHP.
	 *
	 * @param Upload_Guard_Plugin $plugin See the field.
	 */
	public function __construct( Upload_Guard_Plugin $plugin ) {
		$this->plugin = $plugin;
	}

	/**
	 * Show it.
	 */
	public function show() {
		echo '<h2>' . esc_html__( 'State', 'upload-guard' ) . '</h2>';
		if ( is_multisite() ) {
			$this->show_sites();
			return;
		}
		echo '<p>' . esc_html( implode( ' ', self::words_for_waiting( $this->plugin->queue ) ) ) . '</p>';
		$records = $this->plugin->quarantine->records();
		/* translators: %d: number of items. */
		echo '<p>' . esc_html( sprintf( _n( '%d item is in quarantine.', '%d items are in quarantine.', count( $records ), 'upload-guard' ), count( $records ) ) ) . '</p>';
		$this->show_records( array( '' => $records ) );
	}

	/**
	 * How many files wait, and why.
	 *
	 * @param Upload_Guard_Queue $queue What waits.
	 * @return array<int, string> Sentences, the first of them with the number.
	 */
	public static function words_for_waiting( Upload_Guard_Queue $queue ) {
		$waiting = $queue->count();
		/* translators: %d: number of files. */
		$words  = array( sprintf( _n( '%d file waits for a later check.', '%d files wait for a later check.', $waiting, 'upload-guard' ), $waiting ) );
		$faults = array_unique( array_column( $queue->rows( 1000 ), 'fault' ) );
		return array_values( array_unique( array_merge( $words, array_map( array( 'Upload_Guard_Canary', 'words_for' ), $faults ) ) ) );
	}

	/**
	 * How far the scan is, or what a scan of all sites does.
	 *
	 * @return string
	 */
	public function progress() {
		if ( is_multisite() ) {
			return __( 'Goes through the media of every site, in the background. What is on a list is put into quarantine, never deleted.', 'upload-guard' );
		}
		$state = $this->plugin->scanner->state();
		if ( ! $state ) {
			return __( 'No scan has been made. What is on a list is put into quarantine, never deleted.', 'upload-guard' );
		}
		return self::words_for( $state );
	}

	/**
	 * Let cron go through the library, on a network through that of each site.
	 */
	public function start_scan() {
		if ( ! is_multisite() ) {
			$this->start_here();
			return;
		}
		foreach ( get_sites( self::network() + array( 'number' => 0 ) ) as $id ) {
			switch_to_blog( $id );
			$this->start_here();
			restore_current_blog();
		}
	}

	/**
	 * Let cron go through this site's library.
	 */
	private function start_here() {
		$this->plugin->scanner->begin(
			array(
				'dry_run' => false,
				'sizes'   => false,
			),
			false
		);
		$this->plugin->scanner->schedule();
	}

	/**
	 * A row for each site of the network, a page of them at a time.
	 */
	private function show_sites() {
		// phpcs:ignore WordPress.Security, WordPress.CSRF -- A number of a page: nothing is changed by it.
		$page    = isset( $_GET['paged'] ) ? max( 1, absint( $_GET['paged'] ) ) : 1;
		$records = array();
		self::show_head( array( __( 'Site', 'upload-guard' ), __( 'Wait for a later check', 'upload-guard' ), __( 'In quarantine', 'upload-guard' ), __( 'Scan', 'upload-guard' ) ) );
		foreach ( get_sites(
			self::network() + array(
				'number' => self::SITES,
				'offset' => ( $page - 1 ) * self::SITES,
			)
		) as $id ) {
			switch_to_blog( $id );
			$address = home_url( '/' );
			$held    = $this->plugin->quarantine->records();
			$state   = $this->plugin->scanner->state();
			self::show_row( array( $address, $this->plugin->queue->count(), count( $held ), $state ? self::words_for( $state ) : __( 'None has been made.', 'upload-guard' ) ) );
			restore_current_blog();
			$records[ $address ] = $held;
		}
		echo '</tbody></table>';
		$pages = paginate_links(
			array(
				'base'    => add_query_arg( 'paged', '%#%' ),
				'format'  => '',
				'current' => $page,
				'total'   => (int) ceil( get_sites( self::network() + array( 'count' => true ) ) / self::SITES ),
			)
		);
		echo wp_kses_post( '<p>' . (string) $pages . '</p>' );
		$this->show_records( array_filter( $records ) );
	}

	/**
	 * What is in quarantine, and how it is put back.
	 *
	 * @param array<string, array<int, array<string, mixed>>> $records By the site's address; empty where there is one site only.
	 */
	private function show_records( array $records ) {
		if ( ! array_filter( $records ) ) {
			return;
		}
		self::show_head( array( __( 'ID', 'upload-guard' ), __( 'Case', 'upload-guard' ), __( 'Attachment', 'upload-guard' ), __( 'Since', 'upload-guard' ), __( 'To put it back', 'upload-guard' ) ) );
		foreach ( $records as $address => $held ) {
			foreach ( $held as $record ) {
				$command = 'wp upload-guard restore ' . $record['id'] . ( '' === $address ? '' : ' --url=' . $address );
				self::show_row( array( $record['id'], $record['case'], $record['attachment'], wp_date( 'Y-m-d H:i', $record['at'] ), $command ) );
			}
		}
		echo '</tbody></table><p>' . esc_html__( 'Nothing was deleted.', 'upload-guard' ) . '</p>';
	}

	/**
	 * How far a scan is, in words.
	 *
	 * @param array<string, mixed> $state Of the scanner.
	 * @return string
	 */
	private static function words_for( array $state ) {
		/* translators: 1: number looked at, 2: number in all, 3: number put away, 4: number only reported, 5: number that could not be checked. */
		$words = sprintf( __( '%1$d of %2$d looked at; %3$d in quarantine; %4$d reported; %5$d not checked.', 'upload-guard' ), $state['seen'], $state['total'], $state['held'], count( $state['reported'] ), $state['unknown'] );
		return '' === $state['fault'] ? $words : $words . ' ' . Upload_Guard_Canary::words_for( $state['fault'] );
	}

	/**
	 * Which sites are meant.
	 *
	 * @return array<string, mixed> Arguments of get_sites().
	 */
	private static function network() {
		return array(
			'network_id' => get_current_network_id(),
			'fields'     => 'ids',
			'orderby'    => 'id',
		);
	}

	/**
	 * Begin a table.
	 *
	 * @param array<int, string> $titles Of its columns.
	 */
	private static function show_head( array $titles ) {
		echo '<table class="widefat striped"><thead><tr>';
		foreach ( $titles as $title ) {
			echo '<th scope="col">' . esc_html( $title ) . '</th>';
		}
		echo '</tr></thead><tbody>';
	}

	/**
	 * A row of it.
	 *
	 * @param array<int, string|int> $cells Texts.
	 */
	private static function show_row( array $cells ) {
		echo '<tr>';
		foreach ( $cells as $cell ) {
			echo '<td>' . esc_html( $cell ) . '</td>';
		}
		echo '</tr>';
	}
}
