<?php
$config = json_decode(file_get_contents(__DIR__ . '/state.json'), true)['authsources'];
