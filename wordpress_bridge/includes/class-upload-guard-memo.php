<?php
/**
 * Verdicts of this request of PHP.
 *
 * @package Upload_Guard
 */

/**
 * By SHA-256 and sidecar, so that one file costs one call, however many layers see it; shared with the host's file, which runs first.
 */
final class Upload_Guard_Memo {

	/**
	 * Verdicts by what Upload_Guard_Client::name_of says.
	 *
	 * @var array<string, Upload_Guard_Verdict>
	 */
	private static $verdicts = array();

	/**
	 * Verdicts on uploads that the host's file took away before the application began, by their temporary path.
	 *
	 * @var array<string, Upload_Guard_Verdict>
	 */
	private static $stripped = array();

	/**
	 * What is known of a file.
	 *
	 * @param string $name Of Upload_Guard_Client::name_of.
	 * @return Upload_Guard_Verdict|null
	 */
	public static function find( $name ) {
		return array_key_exists( $name, self::$verdicts ) ? self::$verdicts[ $name ] : null;
	}

	/**
	 * Remember a verdict.
	 *
	 * @param string               $name    Of Upload_Guard_Client::name_of.
	 * @param Upload_Guard_Verdict $verdict The verdict.
	 */
	public static function keep( $name, Upload_Guard_Verdict $verdict ) {
		self::$verdicts[ $name ] = $verdict;
	}

	/**
	 * Remember that a temporary file is gone, and why.
	 *
	 * @param string               $path    Where it was.
	 * @param Upload_Guard_Verdict $verdict The verdict.
	 */
	public static function strip( $path, Upload_Guard_Verdict $verdict ) {
		self::$stripped[ $path ] = $verdict;
	}

	/**
	 * Why a temporary file is gone.
	 *
	 * @param string $path Where it was.
	 * @return Upload_Guard_Verdict|null
	 */
	public static function stripped( $path ) {
		return array_key_exists( $path, self::$stripped ) ? self::$stripped[ $path ] : null;
	}
}
