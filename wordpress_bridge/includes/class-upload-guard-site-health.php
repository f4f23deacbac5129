<?php
/**
 * Site Health, and the text for privacy policies.
 *
 * @package Upload_Guard
 */

/**
 * One test: is every upload checked?
 */
final class Upload_Guard_Site_Health {

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
		add_filter( 'site_status_tests', array( $this, 'add_test' ) );
		add_action( 'rest_api_init', array( $this, 'add_route' ) );
		add_action( 'admin_init', array( $this, 'add_privacy_text' ) );
	}

	/**
	 * It asks a server, so it runs by itself after the page is shown.
	 *
	 * @param array<string, array<string, mixed>> $tests All tests.
	 * @return array<string, array<string, mixed>>
	 */
	public function add_test( $tests ) {
		$tests['async']['upload_guard'] = array(
			'label'             => __( 'Upload Guard', 'upload-guard' ),
			'test'              => rest_url( 'upload-guard/v1/health' ),
			'has_rest'          => true,
			'async_direct_test' => array( $this, 'test' ),
		);
		return $tests;
	}

	/**
	 * Where that test is asked for.
	 */
	public function add_route() {
		register_rest_route(
			'upload-guard/v1',
			'/health',
			array(
				'methods'             => 'GET',
				'callback'            => array( $this, 'test' ),
				'permission_callback' => static function () {
					return current_user_can( 'view_site_health_checks' );
				},
			)
		);
	}

	/**
	 * The test.
	 *
	 * @return array<string, mixed>
	 */
	public function test() {
		$canary   = new Upload_Guard_Canary( $this->plugin );
		$report   = $canary->report();
		$lines    = $report['lines'];
		$statuses = array(
			'good'    => 'good',
			'warning' => 'recommended',
			'broken'  => 'critical',
		);
		$status   = $statuses[ $report['state'] ];
		if ( $this->plugin->queue->count() ) {
			$lines  = array_merge( $lines, Upload_Guard_Overview::words_for_waiting( $this->plugin->queue ) );
			$status = 'good' === $status ? 'recommended' : $status;
		}
		return array(
			'label'       => 'good' === $status ? __( 'Uploads are checked', 'upload-guard' ) : __( 'Not all uploads are checked', 'upload-guard' ),
			'status'      => $status,
			'badge'       => array(
				'label' => __( 'Security', 'upload-guard' ),
				'color' => 'blue',
			),
			'description' => '<p>' . implode( '</p><p>', array_map( 'esc_html', $lines ) ) . '</p>',
			'actions'     => sprintf( '<p><a href="%s">%s</a></p>', esc_url( Upload_Guard_Settings::address() ), esc_html__( 'Settings of Upload Guard', 'upload-guard' ) ),
			'test'        => 'upload_guard',
		);
	}

	/**
	 * What a site's privacy policy should say.
	 */
	public function add_privacy_text() {
		if ( ! function_exists( 'wp_add_privacy_policy_content' ) ) {
			return;
		}
		$text = '<p>' . esc_html__( 'Files that you upload are compared with lists of known images of sexual abuse of children. For this they, or their hashes, are sent to a service that this site has chosen. A file that is on such a list is not accepted, and is kept by that service for the authorities and for review.', 'upload-guard' ) . '</p>';
		if ( '' !== $this->plugin->options->get( 'send_uploader' ) ) {
			$text .= '<p>' . esc_html__( 'A digest that stands for your account is sent with them.', 'upload-guard' ) . '</p>';
		}
		wp_add_privacy_policy_content( __( 'Upload Guard', 'upload-guard' ), $text );
	}
}
