<?php
/**
 * Verdicts of this request of PHP.
 *
 * @package Upload_Guard
 */

/**
 * By SHA-256, so that one file costs one call, however many layers see it; shared with the host's file, which runs first.
 */
final class Upload_Guard_Memo {

	/**
	 * Verdicts by SHA-256.
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
	 * @param string $sha256 Lower-case hex digits.
	 * @return Upload_Guard_Verdict|null
	 */
	public static function find( $sha256 ) {
		return array_key_exists( $sha256, self::$verdicts ) ? self::$verdicts[ $sha256 ] : null;
	}

	/**
	 * Remember a verdict.
	 *
	 * @param string               $sha256  Lower-case hex digits.
	 * @param Upload_Guard_Verdict $verdict The verdict.
	 */
	public static function keep( $sha256, Upload_Guard_Verdict $verdict ) {
		self::$verdicts[ $sha256 ] = $verdict;
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
