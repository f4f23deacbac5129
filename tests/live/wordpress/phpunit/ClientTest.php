<?php
// What needs neither WordPress nor a sidecar: PHPUnit of Debian's runs it (test_phpunit.py).

use PHPUnit\Framework\TestCase;

require_once getenv( 'BRIDGE' ) . '/includes/autoload.php';

/** Answers in the order given, and keeps what it was asked. */
final class Scripted {
	public $asked = array();
	private $answers;

	public function __construct( Upload_Guard_Answer ...$answers ) {
		$this->answers = $answers;
	}

	public function send( $method, $target, array $headers, Upload_Guard_Body $body ) {
		$this->asked[] = array( $method, $target, $headers, $body );
		return array_shift( $this->answers );
	}
}

final class ClientTest extends TestCase {

	private $file;

	protected function setUp(): void {
		$this->file = tempnam( sys_get_temp_dir(), 'ug' );
		file_put_contents( $this->file, str_repeat( 'x', 1000 ) );
	}

	protected function tearDown(): void {
		unlink( $this->file );
	}

	private static function answer( $fields, $status = 200, $type = 'application/json' ) {
		return Upload_Guard_Answer::of( $status, $type, is_string( $fields ) ? $fields : json_encode( $fields ) );
	}

	private function check( Scripted $transport, int $largest = PHP_INT_MAX ) {
		$access = new Upload_Guard_Access( 'https://guard.example.org', 'key', 'secret' );
		$client = new Upload_Guard_Client( $transport, $access, 'nl', fn() => $largest );
		return $client->check( Upload_Guard_File::read( $this->file ), array( 'route' => 'test' ) );
	}

	public function test_a_file_is_asked_about_by_its_hashes_and_sent_when_it_is_wanted(): void {
		$transport = new Scripted(
			self::answer( array( 'answer' => 'need_file', 'result' => null, 'if_unsent' => 'policy' ) ),
			self::answer( array( 'answer' => 'refuse', 'result' => 'match', 'case' => 'A', 'message' => 'No.' ) )
		);
		$verdict = $this->check( $transport );
		$this->assertSame( array( 'refused', 'A', 'No.' ), array( $verdict->kind, $verdict->case_number, $verdict->message ) );
		$this->assertSame( array( '/bridge/v1/hash', '/bridge/v1/scan?route=test' ), array_column( $transport->asked, 1 ) );
		$this->assertSame( 'nl', $transport->asked[1][2]['Accept-Language'] );
		$this->assertSame( $this->file, $transport->asked[1][3]->file->path );
		$asked = json_decode( $transport->asked[0][3]->text, true );
		$this->assertSame( array( 'md5', 'sha1', 'sha256', 'size' ), self::sorted( array_keys( $asked ) ) );
		$this->assertSame( hash_file( 'sha256', $this->file ), $asked['sha256'] );
	}

	public function test_one_that_is_known_is_not_sent(): void {
		$transport = new Scripted( self::answer( array( 'answer' => 'allow', 'result' => 'clean' ) ) );
		$this->assertSame( 'clean', $this->check( $transport )->result );
		$this->assertCount( 1, $transport->asked );
	}

	public function test_a_listed_one_that_cannot_be_sent_is_refused_all_the_same(): void {
		$listed    = array( 'answer' => 'need_file', 'result' => null, 'if_unsent' => 'refuse', 'message' => 'No.' );
		$transport = new Scripted( self::answer( $listed ), Upload_Guard_Answer::none( 'timeout' ) );
		$verdict   = $this->check( $transport );
		$this->assertSame( array( 'refused', '', 'No.' ), array( $verdict->kind, $verdict->case_number, $verdict->message ) );
	}

	public function test_one_that_takes_too_long_says_nothing_of_the_sidecar(): void {
		$wanted = self::answer( array( 'answer' => 'need_file', 'if_unsent' => 'policy' ) );
		$slow   = $this->check( new Scripted( $wanted, Upload_Guard_Answer::none( 'timeout' ) ) );
		$silent = $this->check( new Scripted( Upload_Guard_Answer::none( 'timeout' ) ) );
		$gone   = $this->check( new Scripted( $wanted, Upload_Guard_Answer::none( 'unreachable' ) ) );
		$this->assertSame( array( 'slow_file', true ), array( $slow->fault, $slow->is_of_the_file() ) );
		$this->assertSame( array( 'timeout', false ), array( $silent->fault, $silent->is_of_the_file() ) );
		$this->assertSame( array( 'unreachable', false ), array( $gone->fault, $gone->is_of_the_file() ) );
	}

	/** @dataProvider what_was_compared_with_something */
	public function test_what_nobody_compared_with_anything_is_unchecked( Upload_Guard_Verdict $verdict, string $why ): void {
		$this->assertSame( $why, $verdict->why_unchecked() );
	}

	public static function what_was_compared_with_something(): array {
		return array(
			'clean'       => array( Upload_Guard_Verdict::allowed( 'clean' ), '' ),
			'unscannable' => array( Upload_Guard_Verdict::allowed( 'unscannable' ), '' ),
			'no list'     => array( Upload_Guard_Verdict::allowed( 'unchecked' ), 'unchecked' ),
			'refused'     => array( Upload_Guard_Verdict::refused( 'match', '', '' ), '' ),
			'no answer'   => array( Upload_Guard_Verdict::unknown( 'timeout' ), 'timeout' ),
		);
	}

	public function test_one_that_the_sidecar_would_not_take_is_not_sent(): void {
		$transport = new Scripted( self::answer( array( 'answer' => 'need_file', 'if_unsent' => 'policy' ) ) );
		$verdict   = $this->check( $transport, 100 );
		$this->assertSame( array( 'unknown', 'too_large' ), array( $verdict->kind, $verdict->fault ) );
	}

	public function test_an_upload_that_is_remembered_has_its_id_and_the_digest_of_what_was_sent(): void {
		$id = str_repeat( '0123456789abcdef', 2 );
		foreach ( array( $id => $id, 'no/id' => '' ) as $said => $upload ) {
			$verdict = $this->check( new Scripted( self::answer( array( 'answer' => 'allow', 'result' => 'clean', 'upload' => $said ) ) ) );
			$this->assertSame( array( $upload, hash_file( 'sha256', $this->file ) ), array( $verdict->upload, $verdict->sha256 ) );
		}
	}

	/** @dataProvider what_is_no_verdict */
	public function test_what_is_no_verdict_is_unknown( $answer, string $fault ): void {
		// To the hashes, and to the file where it is sent.
		$verdict = $this->check( new Scripted( $answer, $answer ) );
		$this->assertSame( array( 'unknown', $fault ), array( $verdict->kind, $verdict->fault ) );
	}

	public static function what_is_no_verdict(): array {
		$clean = array( 'answer' => 'allow', 'result' => 'clean' );
		return array(
			'HTML'                    => array( self::answer( '<html>', 200, 'text/html' ), 'bad_answer' ),
			'JSON as text'            => array( self::answer( $clean, 200, 'text/plain' ), 'bad_answer' ),
			'half a JSON'             => array( self::answer( '{"answer": "allow", ' ), 'bad_answer' ),
			'a list'                  => array( self::answer( '["allow", "clean"]' ), 'bad_answer' ),
			'no result'               => array( self::answer( array( 'answer' => 'allow' ) ), 'bad_answer' ),
			'a result that is none'   => array( self::answer( array( 'answer' => 'allow', 'result' => 'fine' ) ), 'bad_answer' ),
			'another word'            => array( self::answer( array( 'answer' => 'ok', 'result' => 'clean' ) ), 'bad_answer' ),
			'need_file of the file'   => array( self::answer( array( 'answer' => 'need_file', 'result' => 'clean' ) ), 'bad_answer' ),
			'an answer with a 500'    => array( self::answer( $clean, 500 ), 'status_500' ),
			'a redirect'              => array( self::answer( $clean, 302 ), 'status_302' ),
			'a code of the sidecar'   => array( self::answer( array( 'code' => 'not_ready' ), 503 ), 'not_ready' ),
			'a code that is no code'  => array( self::answer( array( 'code' => '<b>' ), 503 ), 'status_503' ),
			'the limit of a proxy'    => array( self::answer( '<html>', 413, 'text/html' ), 'body_too_large' ),
			'nobody there'            => array( Upload_Guard_Answer::none( 'unreachable' ), 'unreachable' ),
		);
	}

	/** @dataProvider whole_and_half_answers */
	public function test_answers_are_read_as_they_were_sent( string $bytes, ?string $word ): void {
		$parse = new ReflectionMethod( 'Upload_Guard_Socket', 'parse' );
		$parse->setAccessible( true );
		$answer = $parse->invoke( null, $bytes );
		$this->assertSame( $word, $answer ? $answer->text( 'a' ) : null );
	}

	public static function whole_and_half_answers(): array {
		$head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";
		return array(
			'with a length'        => array( "{$head}Content-Length: 9\r\n\r\n{\"a\":\"b\"}", 'b' ),
			'cut short'            => array( "{$head}Content-Length: 99\r\n\r\n{\"a\":\"b\"}", null ),
			'until the end'        => array( "{$head}\r\n{\"a\":\"b\"}", 'b' ),
			'in chunks'            => array( "{$head}Transfer-Encoding: chunked\r\n\r\n4\r\n{\"a\"\r\n5\r\n:\"b\"}\r\n0\r\n\r\n", 'b' ),
			'in a chunk of 16'     => array( "{$head}Transfer-Encoding: chunked\r\n\r\n10\r\n{\"a\":\"12345678\"}\r\n0\r\n\r\n", '12345678' ),
			'after a 100'          => array( "HTTP/1.1 100 Continue\r\n\r\n{$head}\r\n{\"a\":\"b\"}", 'b' ),
			'no head'              => array( 'HTTP/1.1 200 OK', null ),
			'another protocol'     => array( "220 mail\r\n\r\n", null ),
			'nothing'              => array( '', null ),
		);
	}

	public function test_a_refused_file_is_marked_where_it_is_in_a_form(): void {
		$files = array(
			'a' => array( 'tmp_name' => '/x', 'error' => 0, 'size' => 1 ),
			'b' => array( 'tmp_name' => array( 'k' => array( '/y', '/z' ) ), 'error' => array( 'k' => array( 0, 0 ) ), 'size' => array( 'k' => array( 1, 1 ) ) ),
		);
		$mark = new ReflectionMethod( 'Upload_Guard_Host', 'mark' );
		$mark->setAccessible( true );
		$mark->invokeArgs( null, array( &$files, '/z' ) );
		$this->assertSame( 0, $files['a']['error'] );
		$this->assertSame( array( 0, UPLOAD_ERR_EXTENSION ), $files['b']['error']['k'] );
		$this->assertSame( array( 1, 0 ), $files['b']['size']['k'] );
	}

	public function test_nothing_can_be_smuggled_into_a_header(): void {
		$head = new ReflectionMethod( 'Upload_Guard_Socket', 'head' );
		$head->setAccessible( true );
		$socket = new Upload_Guard_Socket( new Upload_Guard_Access( 'http://guard.example.org:81', 'k', 's' ) );
		$text   = $head->invoke( $socket, 'POST', '/x', array( 'Accept-Language' => "nl\r\nEvil: 1" ), Upload_Guard_Body::none() );
		$this->assertStringNotContainsString( "\r\nEvil", $text );
		$this->assertStringContainsString( "\r\nHost: guard.example.org:81\r\n", $text );
	}

	private static function sorted( array $names ): array {
		sort( $names );
		return $names;
	}
}
