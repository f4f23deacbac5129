<?php
/**
 * The settings page.
 *
 * @package Upload_Guard
 */

/**
 * Settings, Upload Guard; on a multisite in the network's own administration, since the address is asked by the server.
 */
final class Upload_Guard_Settings {

	const PAGE = 'upload-guard';
	const TEST = 'upload_guard_test';
	const SCAN = 'upload_guard_start_scan';
	const SAVE = 'upload_guard_save';
	const SAID = 'upload_guard_said_';

	/**
	 * The parts.
	 *
	 * @var Upload_Guard_Plugin
	 */
	private $plugin;

	/**
	 * What is shown below the settings.
	 *
	 * @var Upload_Guard_Overview
	 */
	private $overview;

	/**
	 * One for each request of PHP.
	 *
	 * @param Upload_Guard_Plugin $plugin See the field.
	 */
	public function __construct( Upload_Guard_Plugin $plugin ) {
		$this->plugin   = $plugin;
		$this->overview = new Upload_Guard_Overview( $plugin );
	}

	/**
	 * Who may see and change this.
	 *
	 * @return string
	 */
	public static function capability() {
		return is_multisite() ? 'manage_network_options' : 'manage_options';
	}

	/**
	 * Where the page is.
	 *
	 * @return string
	 */
	public static function address() {
		return is_multisite() ? network_admin_url( 'settings.php?page=' . self::PAGE ) : admin_url( 'options-general.php?page=' . self::PAGE );
	}

	/**
	 * Hook in.
	 */
	public function register() {
		add_action( 'admin_init', array( $this, 'declare_settings' ) );
		add_action( is_multisite() ? 'network_admin_menu' : 'admin_menu', array( $this, 'add_page' ) );
		add_action( 'network_admin_edit_' . self::SAVE, array( $this, 'save_for_network' ) );
		add_action( 'admin_post_' . self::TEST, array( $this, 'test' ) );
		add_action( 'admin_post_' . self::SCAN, array( $this, 'start_scan' ) );
	}

	/**
	 * Sections and fields.
	 */
	public function declare_settings() {
		if ( ! is_multisite() ) {
			Upload_Guard_Options::keep_out_of_autoload();
		}
		register_setting( self::PAGE, Upload_Guard_Options::NAME, array( 'sanitize_callback' => array( $this, 'sanitize' ) ) );
		add_settings_section( 'sidecar', __( 'The sidecar', 'upload-guard' ), array( $this, 'explain_sidecar' ), self::PAGE );
		add_settings_section( 'uploads', __( 'Uploads', 'upload-guard' ), '__return_null', self::PAGE );
		$fields = array(
			'url'           => array( 'sidecar', __( 'Address', 'upload-guard' ) ),
			'key_id'        => array( 'sidecar', __( 'Key ID', 'upload-guard' ) ),
			'secret'        => array( 'sidecar', __( 'Secret', 'upload-guard' ) ),
			'authority'     => array( 'sidecar', __( 'Certificates', 'upload-guard' ) ),
			'on_failure'    => array( 'uploads', __( 'When a file cannot be checked', 'upload-guard' ) ),
			'send_uploader' => array( 'uploads', __( 'Uploader', 'upload-guard' ) ),
		);
		foreach ( $fields as $field => list( $section, $title ) ) {
			add_settings_field( 'upload-guard-' . $field, $title, array( $this, 'show_' . $field ), self::PAGE, $section, array( 'label_for' => 'upload-guard-' . $field ) );
		}
	}

	/**
	 * Put the page into the menu.
	 */
	public function add_page() {
		add_submenu_page(
			is_multisite() ? 'settings.php' : 'options-general.php',
			__( 'Upload Guard', 'upload-guard' ),
			__( 'Upload Guard', 'upload-guard' ),
			self::capability(),
			self::PAGE,
			array( $this, 'show' )
		);
	}

	/**
	 * What is kept of what a form says.
	 *
	 * @param mixed $given What came.
	 * @return array<string, string>
	 */
	public function sanitize( $given ) {
		$given = is_array( $given ) ? $given : array();
		$kept  = array_intersect_key( (array) get_site_option( Upload_Guard_Options::NAME, array() ), Upload_Guard_Options::DEFAULTS );
		$kept += Upload_Guard_Options::DEFAULTS;
		if ( isset( $given['url'] ) ) {
			$kept['url'] = $this->sanitized_url( (string) $given['url'], $kept['url'] );
		}
		foreach ( array( 'key_id', 'authority' ) as $field ) {
			if ( isset( $given[ $field ] ) ) {
				$kept[ $field ] = sanitize_text_field( $given[ $field ] );
			}
		}
		// The secret is never shown: an empty field leaves it as it is.
		if ( ! empty( $given['secret'] ) ) {
			$kept['secret'] = trim( (string) $given['secret'] );
		}
		if ( isset( $given['on_failure'] ) ) {
			$kept['on_failure'] = Upload_Guard_Options::CLOSED === $given['on_failure'] ? Upload_Guard_Options::CLOSED : Upload_Guard_Options::OPEN;
		}
		$kept['send_uploader'] = empty( $given['send_uploader'] ) ? '' : '1';
		$this->plugin->circuit->close();
		return $kept;
	}

	/**
	 * Keep what the network administration's form says.
	 */
	public function save_for_network() {
		check_admin_referer( self::SAVE );
		$this->must_be_allowed();
		// phpcs:ignore WordPress.Security.ValidatedSanitizedInput.InputNotSanitized -- By sanitize().
		$given = isset( $_POST[ Upload_Guard_Options::NAME ] ) ? wp_unslash( $_POST[ Upload_Guard_Options::NAME ] ) : array();
		update_site_option( Upload_Guard_Options::NAME, $this->sanitize( $given ) );
		$this->go_back( 'success', array( __( 'Settings saved.', 'upload-guard' ) ) );
	}

	/**
	 * Send the canary.
	 */
	public function test() {
		check_admin_referer( self::TEST );
		$this->must_be_allowed();
		$canary = new Upload_Guard_Canary( $this->plugin );
		$report = $canary->report();
		$kinds  = array(
			'good'    => 'success',
			'warning' => 'warning',
			'broken'  => 'error',
		);
		$this->go_back( $kinds[ $report['state'] ], $report['lines'] );
	}

	/**
	 * Let cron go through the library.
	 */
	public function start_scan() {
		check_admin_referer( self::SCAN );
		$this->must_be_allowed();
		$this->overview->start_scan();
		$this->go_back( 'success', array( __( 'The scan has begun. It goes on in the background; this page shows how far it is.', 'upload-guard' ) ) );
	}

	/**
	 * The page.
	 */
	public function show() {
		$this->must_be_allowed();
		echo '<div class="wrap"><h1>' . esc_html( get_admin_page_title() ) . '</h1>';
		$this->show_said();
		// options.php keeps a site's settings; a network has no such page, so its form comes back to us.
		$action = is_multisite() ? network_admin_url( 'edit.php?action=' . self::SAVE ) : admin_url( 'options.php' );
		echo '<form method="post" action="' . esc_url( $action ) . '">';
		if ( is_multisite() ) {
			wp_nonce_field( self::SAVE );
		} else {
			settings_fields( self::PAGE );
		}
		do_settings_sections( self::PAGE );
		submit_button();
		echo '</form>';
		$this->show_button( self::TEST, __( 'Test', 'upload-guard' ), __( 'Sends a harmless picture to the sidecar, which must refuse it. Save first.', 'upload-guard' ), __( 'Send the test picture', 'upload-guard' ) );
		$this->overview->show();
		$button = is_multisite() ? __( 'Scan the media of all sites', 'upload-guard' ) : __( 'Scan the media library', 'upload-guard' );
		$this->show_button( self::SCAN, __( 'Existing media', 'upload-guard' ), $this->overview->progress(), $button );
		echo '</div>';
	}

	/**
	 * A section's first words.
	 */
	public function explain_sidecar() {
		echo '<p>' . esc_html__( 'The service that compares uploads with hash lists. Its administrator makes a key for this site with "upload-guard key new SITE". Constants in wp-config.php (UPLOAD_GUARD_URL, UPLOAD_GUARD_KEY_ID, UPLOAD_GUARD_SECRET) come before what stands here.', 'upload-guard' ) . '</p>';
	}

	/**
	 * A field.
	 */
	public function show_url() {
		$this->show_text( 'url', 'url', $this->plugin->options->get( 'url' ), __( 'For example https://guard.example.org. Files are sent there.', 'upload-guard' ) );
	}

	/**
	 * A field.
	 */
	public function show_key_id() {
		$this->show_text( 'key_id', 'text', $this->plugin->options->get( 'key_id' ), '' );
	}

	/**
	 * A field.
	 */
	public function show_secret() {
		$there = '' === $this->plugin->options->get( 'secret' ) ? '' : __( 'A secret is kept. Leave this empty to keep it.', 'upload-guard' );
		$this->show_text( 'secret', 'password', '', $there );
	}

	/**
	 * A field.
	 */
	public function show_authority() {
		$this->show_text( 'authority', 'text', $this->plugin->options->get( 'authority' ), __( 'A file on this server with the certificates that vouch for the sidecar; empty for the usual ones.', 'upload-guard' ) );
	}

	/**
	 * A field.
	 */
	public function show_on_failure() {
		$choices = array(
			Upload_Guard_Options::OPEN   => __( 'Accept it, and check it later', 'upload-guard' ),
			Upload_Guard_Options::CLOSED => __( 'Refuse it', 'upload-guard' ),
		);
		$fixed   = $this->plugin->options->is_fixed( 'on_failure' );
		echo '<select id="upload-guard-on_failure" name="' . esc_attr( Upload_Guard_Options::NAME ) . '[on_failure]"' . disabled( $fixed, true, false ) . '>';
		foreach ( $choices as $value => $words ) {
			echo '<option value="' . esc_attr( $value ) . '"' . selected( $this->plugin->options->get( 'on_failure' ), $value, false ) . '>' . esc_html( $words ) . '</option>';
		}
		echo '</select>';
		$this->show_hint( 'on_failure', '' );
	}

	/**
	 * A field.
	 */
	public function show_send_uploader() {
		$on    = '' !== $this->plugin->options->get( 'send_uploader' );
		$fixed = $this->plugin->options->is_fixed( 'send_uploader' );
		echo '<input type="checkbox" id="upload-guard-send_uploader" name="' . esc_attr( Upload_Guard_Options::NAME ) . '[send_uploader]" value="1"' . checked( $on, true, false ) . disabled( $fixed, true, false ) . '> ';
		$this->show_hint( 'send_uploader', __( 'Send a digest that tells uploaders apart, without a name. It is personal data all the same.', 'upload-guard' ) );
	}

	/**
	 * An input.
	 *
	 * @param string $field Its name.
	 * @param string $type  Its type.
	 * @param string $value Its value.
	 * @param string $hint  What stands below.
	 */
	private function show_text( $field, $type, $value, $hint ) {
		printf(
			'<input type="%1$s" id="upload-guard-%2$s" name="%3$s[%2$s]" value="%4$s" class="regular-text" autocomplete="off" aria-describedby="upload-guard-%2$s-hint"%5$s>',
			esc_attr( $type ),
			esc_attr( $field ),
			esc_attr( Upload_Guard_Options::NAME ),
			esc_attr( $value ),
			disabled( $this->plugin->options->is_fixed( $field ), true, false )
		);
		$this->show_hint( $field, $hint );
	}

	/**
	 * What stands below a field.
	 *
	 * @param string $field Its name.
	 * @param string $hint  Words.
	 */
	private function show_hint( $field, $hint ) {
		if ( $this->plugin->options->is_fixed( $field ) ) {
			$hint = trim( $hint . ' ' . __( 'Set in wp-config.php or by your host.', 'upload-guard' ) );
		}
		echo '<p class="description" id="upload-guard-' . esc_attr( $field ) . '-hint">' . esc_html( $hint ) . '</p>';
	}

	/**
	 * A heading, a sentence and a button.
	 *
	 * @param string $action What the button does.
	 * @param string $title  The heading.
	 * @param string $hint   The sentence.
	 * @param string $button The words on it.
	 */
	private function show_button( $action, $title, $hint, $button ) {
		echo '<h2>' . esc_html( $title ) . '</h2><p>' . esc_html( $hint ) . '</p>';
		echo '<form method="post" action="' . esc_url( admin_url( 'admin-post.php' ) ) . '"><input type="hidden" name="action" value="' . esc_attr( $action ) . '">';
		wp_nonce_field( $action );
		submit_button( $button, 'secondary', 'submit', false );
		echo '</form>';
	}

	/**
	 * An address that files may be sent to, or the one before.
	 *
	 * @param string $given What came.
	 * @param string $old   The one before.
	 * @return string
	 */
	private function sanitized_url( $given, $old ) {
		$url = untrailingslashit( esc_url_raw( trim( $given ), array( 'http', 'https' ) ) );
		if ( '' === $url && '' !== trim( $given ) ) {
			add_settings_error( Upload_Guard_Options::NAME, 'url', __( 'The address must be like https://guard.example.org.', 'upload-guard' ) );
			return $old;
		}
		$parts = wp_parse_url( $url );
		if ( isset( $parts['user'] ) || isset( $parts['query'] ) || isset( $parts['fragment'] ) ) {
			add_settings_error( Upload_Guard_Options::NAME, 'url', __( 'The address must have no login, query or fragment.', 'upload-guard' ) );
			return $old;
		}
		return $url;
	}

	/**
	 * End the request of whoever may not.
	 */
	private function must_be_allowed() {
		if ( ! current_user_can( self::capability() ) ) {
			wp_die( esc_html__( 'You may not do this.', 'upload-guard' ), '', array( 'response' => 403 ) );
		}
	}

	/**
	 * Back to the page, which then says something.
	 *
	 * @param string             $kind  success, warning or error.
	 * @param array<int, string> $lines Sentences.
	 */
	private function go_back( $kind, array $lines ) {
		set_site_transient( self::SAID . get_current_user_id(), array( $kind, $lines ), MINUTE_IN_SECONDS );
		wp_safe_redirect( self::address() );
		exit;
	}

	/**
	 * What a button had to say.
	 */
	private function show_said() {
		$said = get_site_transient( self::SAID . get_current_user_id() );
		if ( ! is_array( $said ) ) {
			return;
		}
		delete_site_transient( self::SAID . get_current_user_id() );
		list( $kind, $lines ) = $said;
		echo '<div class="notice notice-' . esc_attr( $kind ) . '" role="status">';
		foreach ( $lines as $line ) {
			echo '<p>' . esc_html( $line ) . '</p>';
		}
		echo '</div>';
	}
}
