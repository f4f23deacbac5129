<?php
/**
 * Plugin Name:       Upload Guard
 * Description:       Checks every upload against hash lists of known abuse images, by a sidecar service of your own.
 * Version:           0.1.0
 * Requires at least: 6.1
 * Requires PHP:      7.4
 * Author:            The upload_guard authors
 * License:           GPL-2.0-or-later
 * License URI:       https://www.gnu.org/licenses/gpl-2.0.html
 * Text Domain:       upload-guard
 * Domain Path:       /languages
 * Network:           true
 *
 * @package Upload_Guard
 */

defined( 'ABSPATH' ) || exit;

// A host may have loaded it for every site already; a site's own copy then has nothing to do.
if ( defined( 'UPLOAD_GUARD_VERSION' ) ) {
	return;
}

define( 'UPLOAD_GUARD_VERSION', '0.1.0' );
define( 'UPLOAD_GUARD_FILE', __FILE__ );

require_once __DIR__ . '/includes/autoload.php';

Upload_Guard_Plugin::start();
