// Parses every PHP file of the plugin, loads its classes and runs what needs no WordPress, on other versions of PHP.
// Warnings and deprecations are errors. Arguments: the folder with node_modules/@php-wasm, the plugin, versions.

import { createRequire } from 'node:module';

const [, , packages, folder, ...versions] = process.argv;
const require = createRequire(packages + '/');
const { createNodeFsMountHandler, loadNodeRuntime } = require('@php-wasm/node');
const { PHP } = require('@php-wasm/universal');

const code = `<?php
error_reporting( E_ALL );
set_error_handler( function ( $level, $text, $file, $line ) { throw new ErrorException( $text, 0, $level, $file, $line ); } );
$files = new RecursiveIteratorIterator( new RecursiveDirectoryIterator( '/bridge', FilesystemIterator::SKIP_DOTS ) );
$parsed = 0;
foreach ( $files as $file ) {
	if ( 'php' === $file->getExtension() ) {
		token_get_all( file_get_contents( $file->getPathname() ), TOKEN_PARSE );
		++$parsed;
	}
}
foreach ( glob( '/bridge/includes/class-*.php' ) as $file ) {
	require_once $file;
}
$canary = Upload_Guard_File::read( '/bridge/includes/canary.png' );
$access = new Upload_Guard_Access( 'https://guard.example.org/prefix', 'key', 'secret' );
$parse = new ReflectionMethod( 'Upload_Guard_Socket', 'parse' );
PHP_VERSION_ID < 80100 && $parse->setAccessible( true );
$answer = $parse->invoke( null, "HTTP/1.1 200 OK\\r\\nContent-Type: application/json\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\nd\\r\\n{\\"answer\\":\\"x\\"\\r\\n1\\r\\n}\\r\\n0\\r\\n\\r\\n" );
echo json_encode( array( 'php' => PHP_VERSION, 'parsed' => $parsed, 'sha256' => $canary->sha256,
	'signed' => strlen( $access->authorization( 'POST', $access->target( '/x', array( 'a' => 'b' ) ), Upload_Guard_Body::file( $canary )->digest() ) ),
	'answer' => $answer->text( 'answer' ) ) );
`;
for (const version of versions) {
	const php = new PHP(await loadNodeRuntime(version, { emscriptenOptions: { processId: 1 } }));
	php.mkdir('/bridge');
	await php.mount('/bridge', createNodeFsMountHandler(folder));
	const said = await php.run({ code });
	console.log(said.text);
	if (said.errors) console.error(said.errors);
	php.exit();
}
process.exit(0);
