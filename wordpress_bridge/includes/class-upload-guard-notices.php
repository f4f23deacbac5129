<?php
/**
 * Notices for administrators.
 *
 * @package Upload_Guard
 */

/**
 * What an administrator must know without looking for it. Each can be dismissed, until there is something new.
 */
final class Upload_Guard_Notices {

	const DISMISS   = 'upload_guard_dismiss';
	const DISMISSED = 'upload_guard_dismissed';

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
	 * Hook in.
	 */
	public function register() {
		add_action( 'admin_notices', array( $this, 'show' ) );
		add_action( 'network_admin_notices', array( $this, 'show' ) );
		add_action( 'admin_post_' . self::DISMISS, array( $this, 'dismiss' ) );
	}

	/**
	 * Show what there is.
	 */
	public function show() {
		if ( ! current_user_can( Upload_Guard_Settings::capability() ) ) {
			return;
		}
		$dismissed = (array) get_user_meta( get_current_user_id(), self::DISMISSED, true );
		foreach ( $this->notices() as $key => list( $kind, $text ) ) {
			if ( in_array( $key, $dismissed, true ) ) {
				continue;
			}
			$dismiss = wp_nonce_url( admin_url( 'admin-post.php?action=' . self::DISMISS . '&notice=' . rawurlencode( $key ) ), self::DISMISS );
			printf(
				'<div class="notice notice-%1$s"><p>%2$s</p><p><a href="%3$s">%4$s</a> | <a href="%5$s">%6$s</a></p></div>',
				esc_attr( $kind ),
				esc_html( $text ),
				esc_url( Upload_Guard_Settings::address() ),
				esc_html__( 'Settings of Upload Guard', 'upload-guard' ),
				esc_url( $dismiss ),
				esc_html__( 'Dismiss', 'upload-guard' )
			);
		}
	}

	/**
	 * Do not show one again to this person.
	 */
	public function dismiss() {
		check_admin_referer( self::DISMISS );
		$key = isset( $_GET['notice'] ) ? sanitize_text_field( wp_unslash( $_GET['notice'] ) ) : '';
		if ( ! current_user_can( Upload_Guard_Settings::capability() ) || ! array_key_exists( $key, $this->notices() ) ) {
			wp_die( esc_html__( 'You may not do this.', 'upload-guard' ), '', array( 'response' => 403 ) );
		}
		$dismissed = array_filter( (array) get_user_meta( get_current_user_id(), self::DISMISSED, true ), 'is_string' );
		// The newest few: keys change with what they tell of, and old ones never come again.
		$kept = array_slice( array_unique( array_merge( $dismissed, array( $key ) ) ), -20 );
		update_user_meta( get_current_user_id(), self::DISMISSED, array_values( $kept ) );
		$back = wp_get_referer();
		wp_safe_redirect( $back ? $back : admin_url() );
		exit;
	}

	/**
	 * Kind and text, by a key that changes when there is something new.
	 *
	 * @return array<string, array{0: string, 1: string}>
	 */
	private function notices() {
		if ( ! $this->plugin->options->access()->is_complete() ) {
			return array( 'not-configured' => array( 'error', __( 'Upload Guard has no sidecar yet: no upload is checked.', 'upload-guard' ) ) );
		}
		$notices = array();
		$newest  = $this->plugin->queue->newest();
		$waiting = $this->plugin->queue->count();
		if ( $newest ) {
			/* translators: %d: number of files. */
			$words = sprintf( _n( 'Upload Guard could not check %d file; it will be checked later.', 'Upload Guard could not check %d files; they will be checked later.', $waiting, 'upload-guard' ), $waiting );

			$notices[ 'fault-' . gmdate( 'Y-m-d', $newest['since'] ) . '-' . $newest['fault'] ] = array( 'error', $words . ' ' . Upload_Guard_Canary::words_for( $newest['fault'] ) );
		}
		$config = get_site_transient( Upload_Guard_Plugin::CONFIG );
		if ( is_array( $config ) && empty( $config['lists_active'] ) ) {
			$notices['no-lists'] = array( 'error', __( 'The sidecar of Upload Guard has no active list: uploads pass unchecked.', 'upload-guard' ) );
		}
		$records = $this->plugin->quarantine->records();
		if ( $records ) {
			$last = end( $records );
			/* translators: %d: number of items. */
			$words = sprintf( _n( 'Upload Guard has put %d item of the media library into quarantine.', 'Upload Guard has put %d items of the media library into quarantine.', count( $records ), 'upload-guard' ), count( $records ) );

			$notices[ 'held-' . $last['id'] ] = array( 'warning', $words );
		}
		$unsettled = $this->plugin->events->unsettled();
		if ( $unsettled ) {
			$names = array_keys( $unsettled );
			/* translators: %s: numbers of cases. */
			$words = sprintf( _n( 'A list came to know an upload of this site that had passed, and its file was not found here, or could not be moved. Case number: %s', 'A list came to know uploads of this site that had passed, and their files were not found here, or could not be moved. Case numbers: %s', count( $unsettled ), 'upload-guard' ), implode( ', ', array_slice( $unsettled, -5 ) ) );

			$notices[ end( $names ) ] = array( 'error', $words );
		}
		return $notices;
	}
}
