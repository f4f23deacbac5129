<?php
/**
 * Uploads that had passed and are on a list now.
 *
 * @package Upload_Guard
 */

/**
 * Puts the attachments away that such an upload became, where they still have its very bytes, and gives back what is
 * put away once all of its cases are released. Nothing is deleted.
 */
final class Upload_Guard_Late_Match {

	/**
	 * What came of it: it is away or back, or needs neither; it is to be tried again; no attachment is known yet; other
	 * bytes are there by now; no file is here, such as where a service keeps media; no attachment came; it could not be
	 * moved.
	 */
	const SETTLED   = 'settled';
	const LATER     = 'later';
	const AWAITED   = 'awaited';
	const GONE      = 'gone';
	const ELSEWHERE = 'elsewhere';
	const UNKNOWN   = 'unknown';
	const FAILED    = 'failed';

	/**
	 * Asks and tells the sidecar.
	 *
	 * @var Upload_Guard_Client
	 */
	private $client;

	/**
	 * Puts files away, and back.
	 *
	 * @var Upload_Guard_Quarantine
	 */
	private $quarantine;

	/**
	 * One for each request of PHP.
	 *
	 * @param Upload_Guard_Client     $client     See the field.
	 * @param Upload_Guard_Quarantine $quarantine See the field.
	 */
	public function __construct( Upload_Guard_Client $client, Upload_Guard_Quarantine $quarantine ) {
		$this->client     = $client;
		$this->quarantine = $quarantine;
	}

	/**
	 * Put away what an upload became, unless its case was released meanwhile.
	 *
	 * @param string $upload      Its id.
	 * @param string $case_number Its case.
	 * @param string $result      match or near.
	 * @param bool   $last        Whether it is not tried again.
	 * @return string One of the constants above; awaited: nothing was told, and it is for the caller to ask again.
	 */
	public function put_away( $upload, $case_number, $result, $last ) {
		$state = $this->client->state_of( $case_number );
		if ( 'released' === $state ) {
			// An earlier try may have put it away after the release was heard.
			return $this->put_back( $case_number, $last );
		}
		$verdict = Upload_Guard_Verdict::refused( $result, $case_number, '' );
		$became  = Upload_Guard_Network::everywhere(
			function () use ( $upload, $verdict ) {
				$became = array();
				foreach ( Upload_Guard_Marks::attachments_of( $upload ) as $attachment_id => $sha256 ) {
					$became[] = $this->put_one_away( $attachment_id, $sha256, $verdict );
				}
				return $became;
			}
		);
		if ( in_array( self::LATER, $became, true ) ) {
			return $last ? self::FAILED : self::LATER;
		}
		if ( in_array( self::ELSEWHERE, $became, true ) ) {
			// It may well be shown: "gone" would be untrue.
			return $this->client->tell( $case_number, 'failed', 'its file is not on this server' ) || $last ? self::ELSEWHERE : self::LATER;
		}
		if ( in_array( self::SETTLED, $became, true ) ) {
			// Where the sidecar does not say, its signed word stands until it does: the release may have come before.
			return '' === $state && ! $last ? self::LATER : self::SETTLED;
		}
		if ( ! $became ) {
			return self::AWAITED;
		}
		return $this->client->tell( $case_number, 'gone', '' ) || $last ? self::GONE : self::LATER;
	}

	/**
	 * No attachment came of an upload. "Gone" is said of what was here once; of this one nobody knows that.
	 *
	 * @param string $case_number The upload's case.
	 * @param bool   $last        Whether it is not tried again.
	 * @return string One of the constants above.
	 */
	public function give_up( $case_number, $last ) {
		return $this->client->tell( $case_number, 'failed', 'no attachment is known' ) || $last ? self::UNKNOWN : self::LATER;
	}

	/**
	 * Give back what was put away for a case, if it is released, and no other case holds it.
	 *
	 * @param string $case_number The case.
	 * @param bool   $last        Whether it is not tried again.
	 * @return string One of the constants above.
	 */
	public function put_back( $case_number, $last ) {
		$state = $this->client->state_of( $case_number );
		if ( '' === $state ) {
			return $last ? self::FAILED : self::LATER;
		}
		if ( 'released' !== $state ) {
			return self::SETTLED;
		}
		$became = Upload_Guard_Network::everywhere(
			function () use ( $case_number ) {
				$became = array();
				foreach ( $this->quarantine->records() as $record ) {
					$became[] = $this->put_one_back( $record, $case_number );
				}
				return $became;
			}
		);
		if ( in_array( self::LATER, $became, true ) ) {
			return $last ? self::FAILED : self::LATER;
		}
		return self::SETTLED;
	}

	/**
	 * Put one attachment away.
	 *
	 * @param int                  $attachment_id The attachment.
	 * @param string               $sha256        What it was when it passed.
	 * @param Upload_Guard_Verdict $verdict       One that refuses, with the case.
	 * @return string settled, later, gone or elsewhere.
	 */
	private function put_one_away( $attachment_id, $sha256, Upload_Guard_Verdict $verdict ) {
		$held  = $this->record_of( $attachment_id, $sha256 );
		$files = Upload_Guard_Media::files_of( $attachment_id );
		$there = array_filter(
			$files,
			static function ( $path ) use ( $sha256 ) {
				return hash_file( 'sha256', $path ) === $sha256;
			}
		);
		if ( $held && 'moving' === $held['state'] ) {
			return self::LATER;
		}
		if ( $there && '' === $this->quarantine->hold_attachment( $attachment_id, $verdict, $held ? Upload_Guard_Files::AGAIN : 'later' ) ) {
			return self::LATER;
		}
		if ( $held && ! $this->quarantine->hold_for( $held, $verdict->case_number ) ) {
			return self::LATER;
		}
		if ( $held || $there ) {
			return self::SETTLED;
		}
		return $files ? self::GONE : self::ELSEWHERE;
	}

	/**
	 * What is put away of an attachment with this file.
	 *
	 * @param int    $attachment_id The attachment.
	 * @param string $sha256        Of its file.
	 * @return array<string, mixed>|null
	 */
	private function record_of( $attachment_id, $sha256 ) {
		foreach ( $this->quarantine->records() as $record ) {
			if ( (int) $record['attachment'] === $attachment_id && Upload_Guard_Files::AGAIN !== $record['why'] && in_array( $sha256, array_column( $record['files'], 'sha256' ), true ) ) {
				return $record;
			}
		}
		return null;
	}

	/**
	 * Give back one record, if it is of this case and of no other, and its attachment was not deleted.
	 *
	 * @param array<string, mixed> $record      The record.
	 * @param string               $case_number The case.
	 * @return string settled or later.
	 */
	private function put_one_back( array $record, $case_number ) {
		if ( Upload_Guard_Files::AGAIN === $record['why'] || ! in_array( $case_number, Upload_Guard_Quarantine::cases_of( $record ), true ) ) {
			return self::SETTLED;
		}
		if ( 'held' !== $record['state'] ) {
			return self::LATER;
		}
		if ( array( $case_number ) !== Upload_Guard_Quarantine::cases_of( $record ) ) {
			return $this->quarantine->release_of( $record, $case_number ) ? self::SETTLED : self::LATER;
		}
		if ( $record['attachment'] && 'attachment' !== get_post_type( $record['attachment'] ) ) {
			// Somebody has deleted it meanwhile: its address must not show it again, unless a person wants that.
			return self::SETTLED;
		}
		return true === $this->quarantine->restore( $record['id'] ) ? self::SETTLED : self::LATER;
	}
}
