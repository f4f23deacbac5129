<?php
/**
 * Leaves a sidecar alone that does not answer.
 *
 * @package Upload_Guard
 */

/**
 * After two faults in a row no upload waits for the next one. Kept in transients, for all processes of the site.
 */
final class Upload_Guard_Circuit {

	const OPEN         = 'upload_guard_circuit';
	const FAULTS       = 'upload_guard_faults';
	const THRESHOLD    = 2;
	const AFTER_FAULT  = 5;
	const AFTER_SILENT = 30;

	/**
	 * Faults of this site that say nothing of the sidecar's health.
	 */
	const HARMLESS = array( 'not_configured', 'no_sockets' );

	/**
	 * Whether it is not to be asked now.
	 *
	 * @return bool
	 */
	public function is_open() {
		return false !== get_site_transient( self::OPEN );
	}

	/**
	 * Learn from a verdict.
	 *
	 * @param Upload_Guard_Verdict $verdict What came of asking.
	 */
	public function note( Upload_Guard_Verdict $verdict ) {
		if ( ! $verdict->is_unknown() ) {
			$this->close();
			return;
		}
		// A file that takes too long must not make a living sidecar look dead, or two of them would let others pass.
		if ( $verdict->is_of_the_file() || in_array( $verdict->fault, self::HARMLESS, true ) ) {
			return;
		}
		update_site_option(
			'upload_guard_last_fault',
			array(
				'code' => $verdict->fault,
				'at'   => time(),
			)
		);
		$faults = (int) get_site_transient( self::FAULTS ) + 1;
		set_site_transient( self::FAULTS, $faults, 10 * MINUTE_IN_SECONDS );
		if ( $faults >= self::THRESHOLD ) {
			set_site_transient( self::OPEN, $verdict->fault, 'timeout' === $verdict->fault ? self::AFTER_SILENT : self::AFTER_FAULT );
		}
	}

	/**
	 * Forget all faults.
	 */
	public function close() {
		if ( get_site_transient( self::FAULTS ) ) {
			delete_site_transient( self::FAULTS );
			delete_site_transient( self::OPEN );
		}
	}
}
