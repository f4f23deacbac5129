<?php
/**
 * The command line.
 *
 * @package Upload_Guard
 */

/**
 * Tests the guard, scans the media library, and puts back what was put away.
 */
final class Upload_Guard_CLI {

	/**
	 * The parts.
	 *
	 * @var Upload_Guard_Plugin
	 */
	private $plugin;

	/**
	 * One for each command.
	 *
	 * @param Upload_Guard_Plugin $plugin See the field.
	 */
	public function __construct( Upload_Guard_Plugin $plugin ) {
		$this->plugin = $plugin;
	}

	/**
	 * Sends the test picture to the sidecar, which must refuse it.
	 */
	public function test() {
		$canary = new Upload_Guard_Canary( $this->plugin );
		$report = $canary->report();
		$text   = implode( ' ', $report['lines'] );
		if ( 'broken' === $report['state'] ) {
			WP_CLI::error( $text );
		}
		if ( 'warning' === $report['state'] ) {
			WP_CLI::warning( $text );
			return;
		}
		WP_CLI::success( $text );
	}

	/**
	 * Tells whether a sidecar is set up, what waits, what is put away, and how far a scan is.
	 *
	 * ## OPTIONS
	 *
	 * [--format=<format>]
	 * : table or json.
	 * ---
	 * default: table
	 * options:
	 *   - table
	 *   - json
	 * ---
	 *
	 * @param array<int, string>    $arguments Unused.
	 * @param array<string, string> $options   See above.
	 */
	public function status( $arguments, $options ) {
		$state = $this->plugin->scanner->state();
		$fault = get_site_option( 'upload_guard_last_fault' );
		$rows  = array(
			'configured'  => $this->plugin->options->access()->is_complete() ? 'yes' : 'no',
			'on_failure'  => $this->plugin->options->get( 'on_failure' ),
			'waiting'     => $this->plugin->queue->count(),
			'quarantined' => count( $this->plugin->quarantine->records() ),
			'last_fault'  => is_array( $fault ) ? $fault['code'] . ' ' . gmdate( 'Y-m-d\TH:i:s\Z', $fault['at'] ) : '',
			'scan'        => $state ? sprintf( '%s, %d of %d', $state['state'], $state['seen'], $state['total'] ) : 'never',
		);
		if ( 'json' === $options['format'] ) {
			WP_CLI::line( (string) wp_json_encode( $rows ) );
			return;
		}
		foreach ( $rows as $name => $value ) {
			WP_CLI::line( str_pad( $name, 12 ) . $value );
		}
	}

	/**
	 * Scans the media library. Goes on where an earlier scan stopped.
	 *
	 * What is on a list is moved into quarantine and never deleted. Files of WordPress, themes and plugins are
	 * reported, and left where they are.
	 *
	 * ## OPTIONS
	 *
	 * [--dry-run]
	 * : Report only. The sidecar opens a case for what it refuses all the same.
	 *
	 * [--sizes]
	 * : Look at every size of a picture.
	 *
	 * [--anew]
	 * : Begin from the start.
	 *
	 * [--background]
	 * : Leave it to cron.
	 *
	 * [--batch=<number>]
	 * : Attachments between two looks at the lock.
	 * ---
	 * default: 100
	 * ---
	 *
	 * @param array<int, string>    $arguments Unused.
	 * @param array<string, string> $options   See above.
	 */
	public function scan( $arguments, $options ) {
		$chosen = array(
			'dry_run' => isset( $options['dry-run'] ),
			'sizes'   => isset( $options['sizes'] ),
		);
		$state  = $this->plugin->scanner->begin( $chosen, isset( $options['anew'] ) );
		if ( isset( $options['background'] ) ) {
			$this->plugin->scanner->schedule();
			WP_CLI::success( 'The scan goes on in the background.' );
			return;
		}
		$bar = WP_CLI\Utils\make_progress_bar( 'Scanning', max( 1, $state['total'] ) );
		$bar->tick( $state['seen'] );
		do {
			$state = $this->plugin->scanner->run(
				max( 1, (int) $options['batch'] ),
				static function () use ( $bar ) {
					$bar->tick();
				}
			);
		} while ( $state && 'running' === $state['state'] && '' === $state['fault'] );
		$bar->finish();
		if ( ! $state ) {
			WP_CLI::error( 'Another process is scanning.' );
		}
		$this->tell_scan( $state );
	}

	/**
	 * Shows what passed unchecked, or checks it now.
	 *
	 * ## OPTIONS
	 *
	 * [<action>]
	 * : list or run.
	 * ---
	 * default: list
	 * options:
	 *   - list
	 *   - run
	 * ---
	 *
	 * @param array<int, string> $arguments See above.
	 */
	public function queue( $arguments ) {
		if ( 'run' === $arguments[0] ) {
			$this->plugin->circuit->close();
			$done = $this->plugin->queue->run( 100000, true );
			WP_CLI::line( sprintf( '%d allowed, %d into quarantine, %d gone, %d wait', $done['allowed'], $done['held'], $done['gone'], $done['waiting'] ) );
			if ( $done['waiting'] ) {
				WP_CLI::halt( 1 );
			}
			return;
		}
		foreach ( $this->plugin->queue->rows( 1000 ) as $row ) {
			WP_CLI::line( gmdate( 'Y-m-d H:i', $row['since'] ) . '  ' . $row['fault'] . '  ' . $row['path'] );
		}
	}

	/**
	 * Lists what is in quarantine.
	 */
	public function held() {
		foreach ( $this->plugin->quarantine->records() as $record ) {
			WP_CLI::line( sprintf( '%s  %s  case %s  attachment %d  %d files', $record['id'], gmdate( 'Y-m-d H:i', $record['at'] ), $record['case'], $record['attachment'], count( $record['files'] ) ) );
		}
	}

	/**
	 * Puts an item back: its file, all sizes, and the state of its post.
	 *
	 * ## OPTIONS
	 *
	 * <id>
	 * : As "wp upload-guard held" shows it.
	 *
	 * @param array<int, string> $arguments See above.
	 */
	public function restore( $arguments ) {
		$done = $this->plugin->quarantine->restore( $arguments[0] );
		if ( is_wp_error( $done ) ) {
			WP_CLI::error( $done->get_error_message() );
		}
		WP_CLI::success( 'Everything is where it was.' );
	}

	/**
	 * Offers known-good images for "upload-guard benign add --site SITE FOLDER" on the sidecar's machine.
	 *
	 * Of WordPress itself, only images that match WordPress's own checksums. Of themes and plugins, those that are
	 * named. The sidecar looks at each: one that is on a list is not taken, and opens a case.
	 *
	 * ## OPTIONS
	 *
	 * [--into=<folder>]
	 * : Copy them into a new folder. Without it, names and SHA-256 are shown, one JSON object a line.
	 *
	 * [--checksums=<file>]
	 * : JSON with checksums, where WordPress.org cannot be asked.
	 *
	 * [--theme=<names>]
	 * : Themes, separated by commas.
	 *
	 * [--plugin=<names>]
	 * : Plugins, separated by commas.
	 *
	 * @subcommand benign-export
	 *
	 * @param array<int, string>    $arguments Unused.
	 * @param array<string, string> $options   See above.
	 */
	public function benign_export( $arguments, $options ) {
		$good  = new Upload_Guard_Known_Good();
		$rows  = $good->core( isset( $options['checksums'] ) ? $options['checksums'] : '' );
		$named = array(
			'theme'  => get_theme_root(),
			'plugin' => WP_PLUGIN_DIR,
		);
		if ( is_wp_error( $rows ) ) {
			WP_CLI::error( $rows->get_error_message() );
		}
		foreach ( $named as $kind => $root ) {
			foreach ( isset( $options[ $kind ] ) ? explode( ',', $options[ $kind ] ) : array() as $name ) {
				$more = $good->folder( $root, trim( $name ) );
				if ( is_wp_error( $more ) ) {
					WP_CLI::error( $more->get_error_message() );
				}
				$rows = array_merge( $rows, $more );
			}
		}
		if ( isset( $options['into'] ) ) {
			$fault = $good->copy_into( $rows, $options['into'] );
			if ( '' !== $fault ) {
				WP_CLI::error( $fault );
			}
			WP_CLI::success( sprintf( '%d images are in %s', count( $rows ), $options['into'] ) );
			return;
		}
		foreach ( $rows as $row ) {
			unset( $row['path'] );
			WP_CLI::line( (string) wp_json_encode( $row, JSON_UNESCAPED_SLASHES ) );
		}
	}

	/**
	 * Say how a scan went.
	 *
	 * @param array<string, mixed> $state Where it is.
	 */
	private function tell_scan( array $state ) {
		foreach ( $state['reported'] as $one ) {
			WP_CLI::line( sprintf( 'reported  %s  case %s  attachment %d  %s', $one['why'], $one['case'], $one['attachment'], $one['path'] ) );
		}
		$words = sprintf( '%d of %d looked at, %d into quarantine, %d reported, %d not checked', $state['seen'], $state['total'], $state['held'], count( $state['reported'] ), $state['unknown'] );
		if ( '' !== $state['fault'] ) {
			WP_CLI::error( $words . '. Stopped: ' . Upload_Guard_Canary::words_for( $state['fault'] ) . ' The same command goes on from here.' );
		}
		WP_CLI::success( $words );
	}
}
