<?php
// All that the tests vary stands in state.json, beside this file.
$config = json_decode(file_get_contents(__DIR__ . '/state.json'), true)['config'];
